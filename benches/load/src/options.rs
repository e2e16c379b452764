//! The command line.

use clap::{Parser, ValueEnum};

/// Measure the app under load, beside its peers, and write the tables of docs/benchmarks.md and docs/growth.md
///
/// Builds the program, installs the peers once into target, and starts a PostgreSQL of its own. Takes under an hour;
/// wants a machine that does nothing else.
#[derive(Parser)]
#[command(name = "load", bin_name = "cargo xtask bench", after_help = VARIABLES)]
pub(crate) struct Options {
    /// Measure these sections alone
    #[arg(value_enum, value_name = "SECTION")]
    named: Vec<Section>,
    /// See that everything works: a moment of each, and the documents stay as they are
    #[arg(long)]
    pub(crate) quick: bool,
}

const VARIABLES: &str = "Environment:
  MAGNUSAPI_GLIBC  a build of the program to measure, instead of building it
  MAGNUSAPI_MUSL   the same for the static build
  PG_BINDIR        the folder with PostgreSQL's programs";

/// A part of the benchmarks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// From spawn to the first response
    Startup,
    /// Requests a second: create, read, page
    Items,
    /// A million items in one response
    Stream,
    /// Processor time, static musl against glibc
    Cpu,
    /// Backups made and restored, beside `pg_dump` and `pg_restore`
    Backup,
    /// Damaged backups, and the readers that notice
    Corruption,
    /// Sizes by schedule: one evaluation, and a year's plan, beside cron lines
    Schedule,
    /// More items, bytes, tables, targets and history
    Growth,
}

impl Section {
    /// Whether it needs the programs, the peers and a database.
    pub(crate) fn is_under_load(self) -> bool {
        self != Section::Schedule
    }
}

impl Options {
    /// The sections to run, in their order.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let chosen = |section: &Section| self.named.is_empty() || self.named.contains(section);
        Section::value_variants()
            .iter()
            .copied()
            .filter(chosen)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn sections_run_in_their_order_whatever_the_order_asked_for() {
        let options = Options::parse_from(["load", "cpu", "startup"]);
        assert_eq!(options.sections(), [Section::Startup, Section::Cpu]);
        assert_eq!(Options::parse_from(["load"]).sections().len(), 8);
    }
}
