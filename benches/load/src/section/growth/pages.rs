//! The time of one request to a server that runs with some settings.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use http_body_util::BodyExt;

use crate::bench::Bench;
use crate::client::Client;
use crate::database::Database;
use crate::scenario::Ask;
use crate::server::Server;
use crate::spread::Spread;

/// Starts of the server: it caches some responses for a while, so each start has one request of each kind that counts.
const STARTS: usize = 5;

/// The median milliseconds of a request for each path, and the server's peak memory in megabytes.
pub(super) async fn times<const COUNT: usize>(
    bench: &Bench,
    database: &Database,
    settings: &[(&str, &Path)],
    paths: [&str; COUNT],
) -> anyhow::Result<([f64; COUNT], f64)> {
    let mut times = [[0.0; COUNT]; STARTS];
    let mut memory = [0.0; STARTS];
    for (times, memory) in times.iter_mut().zip(&mut memory) {
        let server = Server::start_with(bench.deployed(), database, settings).await?;
        // The first statement connects, which is not measured.
        Client::new(server.port)
            .send(&Ask::get("/item?limit=1"))
            .await?;
        for (path, time) in paths.into_iter().zip(times) {
            *time = time_of(server.port, path).await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
        let megabytes = server.peak_memory()? as f64 / 1e6;
        *memory = megabytes;
    }
    let median = |figures: Vec<f64>| Spread::of(figures).map_or(0.0, |it| it.median);
    let of_paths = std::array::from_fn(|path| median(times.iter().map(|it| it[path]).collect()));
    Ok((of_paths, median(memory.to_vec())))
}

/// Milliseconds. A red `/health` is a response too.
async fn time_of(port: u16, path: &str) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let mut response = Client::new(port).begin(&Ask::get(path)).await?;
    let status = response.status();
    let body = response.body_mut().collect().await?.to_bytes();
    let expected = status.is_success() || path == "/health";
    ensure!(expected && !body.is_empty(), "GET {path} returned {status}");
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}
