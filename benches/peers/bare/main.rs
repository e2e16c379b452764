//! The least that could serve `GET /`: what the benchmarks hold the start of the program against.
//!
//! The same server, runtime and allocator as magnusapi, built with the same profile; one route, no
//! settings, no database.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    use warp::Filter;
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3000);
    let root = warp::path::end().map(|| "bare\n");
    warp::serve(root).run(([127, 0, 0, 1], port)).await;
}
