//! The programs that back up and restore, by the names in the tables.

/// One way to read all rows, or to back them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::section) enum Export {
    /// A limit: the rows read, and thrown away.
    PsqlCopy,
    /// A limit: the rows made into text, and not even sent.
    ServerCopy,
    Magnusapi,
    Custom,
    Directory,
    Zstd,
}

impl Export {
    pub(super) const ALL: [Export; 6] = [
        Export::PsqlCopy,
        Export::ServerCopy,
        Export::Magnusapi,
        Export::Custom,
        Export::Directory,
        Export::Zstd,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Export::PsqlCopy => "psql, COPY to /dev/null (a limit)",
            Export::ServerCopy => "COPY to the server's /dev/null (a limit)",
            Export::Magnusapi => "magnusapi, 2 jobs",
            Export::Custom => "pg_dump -Fc",
            Export::Directory => "pg_dump -Fd -j2",
            Export::Zstd => "pg_dump \\| zstd -3",
        }
    }

    pub(super) fn is_slow(self) -> bool {
        matches!(self, Export::Custom | Export::Directory)
    }
}

/// One way to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restore {
    Magnusapi,
    Unverified,
    TwoJobs,
    /// `pg_restore` of magnusapi's backup, with this number of jobs.
    Stock(u8),
    /// psql with the SQL of `pg_dump`.
    Psql,
}

impl Restore {
    pub(super) const ALL: [Restore; 6] = [
        Restore::Magnusapi,
        Restore::Unverified,
        Restore::TwoJobs,
        Restore::Stock(1),
        Restore::Stock(2),
        Restore::Psql,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Restore::Magnusapi => "magnusapi",
            Restore::Unverified => "magnusapi --no-verify",
            Restore::TwoJobs => "magnusapi --jobs 2",
            Restore::Stock(1) => "pg_restore -j1 of magnusapi's backup",
            Restore::Stock(_) => "pg_restore -j2 of magnusapi's backup",
            Restore::Psql => "psql of pg_dump's SQL",
        }
    }
}
