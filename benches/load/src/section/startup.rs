//! From spawn to the first response to `GET /`.

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::program::Program;
use crate::server::Server;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;

use super::not_run;

/// The figures of one program, start by start.
#[derive(Default)]
struct Starts {
    /// Milliseconds.
    wall: Vec<f64>,
    /// Milliseconds.
    on_core: Vec<f64>,
    page_faults: Vec<f64>,
    threads: Vec<f64>,
}

impl Starts {
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    fn add(&mut self, server: &Server) {
        let cost = server.start_cost;
        self.wall.push(server.started_in.as_secs_f64() * 1000.0);
        self.on_core.push(cost.on_core.as_secs_f64() * 1000.0);
        self.page_faults.push(cost.page_faults as f64);
        self.threads.push(cost.threads as f64);
    }

    fn cells(&self) -> [String; 4] {
        [
            shown(&self.wall, 2),
            shown(&self.on_core, 2),
            shown(&self.page_faults, 0),
            shown(&self.threads, 0),
        ]
    }
}

/// Starts each program in turn, again and again.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let binaries = &bench.binaries;
    let database = bench.fresh_items().await?;
    let pairs = [
        (Ok(&binaries.glibc), Ok(&binaries.bare_glibc)),
        (binaries.musl.as_ref(), binaries.bare_musl.as_ref()),
    ];
    let programs = pairs.iter().flat_map(|(ours, bare)| [ours, bare]);
    let mut starts: Vec<(&Program, Starts)> = programs
        .filter_map(|it| Some((*it.as_ref().ok()?, Starts::default())))
        .collect();
    // The first round finds the programs on disk.
    for round in 0..=bench.extent.starts {
        for (program, starts) in &mut starts {
            let server = Server::start(program, &database).await?;
            if round > 0 {
                starts.add(&server);
            }
        }
    }
    let of = |program: &Program| starts.iter().find(|(it, _)| it.name == program.name);
    let heading = [
        "program",
        "ms, median (min–max)",
        "ms on a core",
        "page faults",
        "threads",
        "÷ bare",
    ];
    let mut table = Table::new(1, &heading);
    let mut aims = Vec::new();
    for (ours, bare) in pairs {
        let found = [ours, bare].map(|it| it.ok().and_then(of));
        let ratio = match found {
            [Some((_, ours)), Some((_, bare))] => Spread::ratio(&ours.wall, &bare.wall),
            _ => None,
        };
        for ((program, starts), ratio) in found.into_iter().flatten().zip([ratio, None]) {
            let mut row = vec![program.name.to_owned()];
            row.extend(starts.cells());
            row.push(cell(ratio, 2));
            table.row(row);
        }
        if let Ok(ours) = ours {
            let what = format!("start of {} ÷ bare", ours.name);
            aims.push(Aim::at_most(what, 1.5, ratio));
        }
    }
    let missing = not_run([
        ("magnusapi, musl", &binaries.musl),
        ("bare warp, musl", &binaries.bare_musl),
    ]);
    Ok(format!(
        "{}{missing}\n{}",
        table.markdown(),
        aim::table(&aims)
    ))
}
