//! The program: everything is in the library beside it.

/// musl's own allocator costs a third to three quarters more processor time when streaming.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    magnusapi::cli::main()
}
