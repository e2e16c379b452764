//! The environment, in which an empty variable counts as unset.
//!
//! Azure hands an empty app setting to the program, and `func` hands none on Linux. So that a setting
//! means the same on both, every part of the program reads its variables here.

use clap::Command;
use clap::builder::Resettable;

/// The variable's value, unless it is empty or not Unicode.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The command, whose arguments take no empty variable for a value, and those of its subcommands.
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
