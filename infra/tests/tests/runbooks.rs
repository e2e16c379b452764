//! The runbooks: their commands are shell, name their cluster, and run in the order in which they stand.
//!
//! | module | purpose |
//! |---|---|
//! | `blocks` | the commands of a file, as a person copies them |
//! | `contexts` | a command that acts on a cluster names it |
//! | `sandbox` | a copy of the checkout, and fakes of the programs that the lines call |
//! | `journeys` | from an empty subscription to the end of each runbook, in the sandbox |

#[path = "runbooks/blocks.rs"]
mod blocks;
#[path = "runbooks/contexts.rs"]
mod contexts;
#[path = "runbooks/journeys.rs"]
mod journeys;
#[path = "runbooks/sandbox.rs"]
mod sandbox;

use std::fs;
use std::path::Path;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
