//! Environment variables, of which an empty one counts as unset.
//!
//! Azure passes an empty app setting to the program, and `func` on Linux does not. All code reads its variables
//! here, so that a setting means the same in both.

use clap::Command;
use clap::builder::Resettable;

/// The variable's value, unless it is empty or not Unicode.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The command and its subcommands, with arguments that ignore empty variables.
pub fn without_empty_variables(command: Command) -> Command {
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if std::env::var_os(name).is_some_and(|value| value.is_empty()) => {
                argument.env(Resettable::Reset)
            }
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}
