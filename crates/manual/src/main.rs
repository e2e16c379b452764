//! Writes the completions and man pages of `magnusapi` from the definition of its command line.
//!
//! `cargo xtask dist` runs it. It is a program of its own so that the product contains none of this.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use clap_complete::{Shell, generate_to};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: manual FOLDER");
        return ExitCode::from(2);
    };
    match write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manual: cannot write to {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// `completions/magnusapi.bash`, `_magnusapi` (zsh) and `magnusapi.fish`; `man/man1/magnusapi.1` and a page for each
/// verb.
fn write(folder: &Path) -> io::Result<()> {
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        generate_to(
            shell,
            &mut magnusapi::cli::command(),
            "magnusapi",
            &completions,
        )?;
    }
    let pages = folder.join("man/man1");
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(magnusapi::cli::command(), pages)
}
