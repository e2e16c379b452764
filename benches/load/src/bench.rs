//! The database and the programs of all sections, and the extent of the measurements.

use std::time::Duration;

use crate::binaries::Binaries;
use crate::database::{Cluster, Database, MANY};
use crate::drive::Load;
use crate::options::Section;
use crate::peers::{self, Peer};
use crate::program::Program;
use crate::scenario::ITEMS;
use crate::workspace::Workspace;

/// Prepared before the first measurement.
pub(crate) struct Bench {
    pub(crate) binaries: Binaries,
    pub(crate) peers: Vec<Peer>,
    pub(crate) cluster: Cluster,
    pub(crate) extent: Extent,
}

/// The amount of work in each measurement.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Rounds of each section; each program is measured once per round.
    pub(crate) rounds: usize,
    /// Starts of each program.
    pub(crate) starts: usize,
    /// A run under load ends after this,
    pub(crate) time: Duration,
    /// or after this number of requests.
    pub(crate) requests: u64,
    /// Load before it that does not count.
    pub(crate) warm_up: Duration,
    /// Items in the streamed table.
    pub(crate) rows: u32,
    /// Requests of each kind whose processor time is taken.
    pub(crate) cpu_requests: u64,
    /// Whole streams whose processor time is taken.
    pub(crate) cpu_streams: usize,
    /// The size of the Postfacto database that is backed up: 1 is a million items, some 250 MB.
    pub(crate) backup_scale: f64,
    /// Rounds of restores; each takes some minutes.
    pub(crate) restore_rounds: usize,
    /// Rows of each table of a database that has many.
    pub(crate) rows_of_many: u64,
    /// Rows of the table of a database that has one.
    pub(crate) rows_of_one: u64,
    /// The size of the one whose backups are damaged.
    pub(crate) corrupted_scale: f64,
    /// Bits that are flipped, one at a time.
    pub(crate) flips: usize,
    /// Files that are cut short, one at a time.
    pub(crate) cuts: usize,
    /// Evaluations of one round, of a schedule of each size.
    pub(crate) evaluations: usize,
    /// Targets whose sizes of a year are planned.
    pub(crate) planned_targets: usize,
    /// The sizes of growth.
    pub(crate) growth: Growth,
}

/// The sizes of each series, the smallest first.
#[derive(Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) items: &'static [u32],
    /// Megabytes of a database.
    pub(crate) megabytes: &'static [u32],
    pub(crate) tables: &'static [u32],
    pub(crate) targets: &'static [u32],
    /// Days of history.
    pub(crate) days: &'static [u32],
}

impl Extent {
    /// For the document.
    pub(crate) const FULL: Extent = Extent {
        rounds: 3,
        starts: 30,
        time: Duration::from_secs(4),
        requests: 400_000,
        warm_up: Duration::from_millis(500),
        rows: MANY,
        cpu_requests: 100_000,
        cpu_streams: 5,
        backup_scale: 4.0,
        restore_rounds: 2,
        rows_of_many: 120_000,
        rows_of_one: 2_500_000,
        corrupted_scale: 0.01,
        flips: 200,
        cuts: 30,
        evaluations: 100_000,
        planned_targets: 1000,
        growth: Growth {
            items: &[10_000, 100_000, 1_000_000, 10_000_000],
            megabytes: &[10, 100, 1000, 4000],
            tables: &[10, 100, 1000, 10_000],
            targets: &[10, 100, 1000, 10_000],
            days: &[1, 10, 100, 365],
        },
    };

    /// For a test of the benchmarks themselves.
    pub(crate) const QUICK: Extent = Extent {
        rounds: 1,
        starts: 3,
        time: Duration::from_secs(1),
        requests: 10_000,
        warm_up: Duration::from_millis(100),
        rows: MANY / 10,
        cpu_requests: 5_000,
        cpu_streams: 1,
        backup_scale: 0.05,
        restore_rounds: 1,
        rows_of_many: 1_000,
        rows_of_one: 100_000,
        corrupted_scale: 0.0,
        flips: 10,
        cuts: 5,
        evaluations: 10_000,
        planned_targets: 50,
        growth: Growth {
            items: &[1000, 10_000],
            megabytes: &[1, 10],
            tables: &[10, 100],
            targets: &[10, 100],
            days: &[1, 10],
        },
    };

    /// The load of one run that counts.
    pub(crate) fn load(&self, connections: u32) -> Load {
        Load {
            connections,
            time: self.time,
            requests: self.requests,
        }
    }

    /// The load before it.
    pub(crate) fn warm_up(&self, connections: u32) -> Load {
        Load {
            connections,
            time: self.warm_up,
            requests: self.requests,
        }
    }
}

/// The database that others are copied from.
const TEMPLATE: &str = "few_items";

impl Bench {
    /// Builds, installs and starts the programs of these sections, and prints lines about it.
    pub(crate) async fn prepare(
        workspace: &Workspace,
        extent: Extent,
        sections: &[Section],
    ) -> anyhow::Result<Bench> {
        let bare = sections.contains(&Section::Startup);
        let binaries = Binaries::build(workspace, bare).await?;
        let has_peers = |section| matches!(section, &Section::Items | &Section::Stream);
        let peers = if sections.iter().any(has_peers) {
            peers::install(workspace).await
        } else {
            Vec::new()
        };
        let cluster = Cluster::start(workspace.target()).await?;
        let bench = Bench {
            binaries,
            peers,
            cluster,
            extent,
        };
        bench.filled(TEMPLATE, ITEMS).await?;
        Ok(bench)
    }

    /// A new database for one measurement, with the same 100,000 items each time.
    pub(crate) async fn fresh_items(&self) -> anyhow::Result<Database> {
        self.cluster.create("items", Some(TEMPLATE)).await
    }

    /// A database with as many items as are streamed.
    pub(crate) async fn many_items(&self) -> anyhow::Result<Database> {
        self.filled("many_items", self.extent.rows).await
    }

    /// A database with items 1 to `items`.
    pub(crate) async fn filled(&self, name: &str, items: u32) -> anyhow::Result<Database> {
        let database = self.cluster.create(name, None).await?;
        self.binaries.migrate(&database).await?;
        database.fill(items).await?;
        database.checkpoint().await?;
        Ok(database)
    }

    /// The program as it is deployed: the static build, or the other one where that is missing.
    pub(crate) fn deployed(&self) -> &Program {
        self.binaries.musl.as_ref().unwrap_or(&self.binaries.glibc)
    }
}
