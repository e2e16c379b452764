//! The program. All code is in the library.

/// Streaming takes a third to three quarters more processor time with musl's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    magnusapi::cli::main()
}
