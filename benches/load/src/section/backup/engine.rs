//! The programs that back up and restore, by the names in the tables.

/// The default of `BACKUP_COMPRESSION`, which every `pg_restore` reads.
pub(in crate::section) const GZIP: &str = "gzip";

/// The level of `pg_dump | zstd -3`.
pub(in crate::section) const ZSTD: &str = "zstd:3";

/// One way to read all rows, or to back them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::section) enum Export {
    /// A limit: the rows read, and thrown away.
    PsqlCopy,
    /// A limit: the rows made into text, and not even sent.
    ServerCopy,
    /// With this value of `BACKUP_COMPRESSION`.
    Magnusapi(&'static str),
    Custom,
    Directory,
    Zstd,
}

impl Export {
    /// magnusapi as it is deployed.
    pub(in crate::section) const DEFAULT: Export = Export::Magnusapi(GZIP);

    pub(super) const ALL: [Export; 8] = [
        Export::PsqlCopy,
        Export::ServerCopy,
        Export::DEFAULT,
        Export::Magnusapi("zstd:1"),
        Export::Magnusapi(ZSTD),
        Export::Custom,
        Export::Directory,
        Export::Zstd,
    ];

    pub(super) fn name(self) -> String {
        let name = match self {
            Export::PsqlCopy => "psql, COPY to /dev/null (a limit)",
            Export::ServerCopy => "COPY to the server's /dev/null (a limit)",
            Export::Magnusapi(compression) => return format!("magnusapi, 2 jobs, {compression}"),
            Export::Custom => "pg_dump -Fc",
            Export::Directory => "pg_dump -Fd -j2",
            Export::Zstd => "pg_dump \\| zstd -3",
        };
        name.to_owned()
    }

    pub(super) fn is_slow(self) -> bool {
        matches!(self, Export::Custom | Export::Directory)
    }
}

/// One way to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restore {
    Magnusapi {
        jobs: u8,
        verifies: bool,
    },
    /// `pg_restore` of magnusapi's backup, with this number of jobs.
    Stock(u8),
    /// psql with the SQL of `pg_dump`.
    Psql,
}

impl Restore {
    pub(super) const ALL: [Restore; 7] = [
        Restore::of(1, true),
        Restore::of(1, false),
        Restore::of(2, true),
        Restore::of(2, false),
        Restore::Stock(1),
        Restore::Stock(2),
        Restore::Psql,
    ];

    pub(super) const fn of(jobs: u8, verifies: bool) -> Restore {
        Restore::Magnusapi { jobs, verifies }
    }

    pub(super) fn name(self) -> String {
        match self {
            Restore::Magnusapi { jobs, verifies } => {
                let verification = if verifies { "" } else { " --no-verify" };
                format!("magnusapi --jobs {jobs}{verification}")
            }
            Restore::Stock(jobs) => format!("pg_restore -j{jobs} of magnusapi's backup"),
            Restore::Psql => "psql of pg_dump's SQL".to_owned(),
        }
    }
}
