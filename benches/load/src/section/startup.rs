//! From spawn to the first response to `GET /`.

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::program::Program;
use crate::server::Server;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;

use super::not_run;

/// Starts each program in turn, again and again.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let binaries = &bench.binaries;
    let database = bench.fresh_items().await?;
    let mut programs = vec![&binaries.glibc, &binaries.bare_glibc];
    programs.extend(binaries.musl.as_ref().ok());
    programs.extend(binaries.bare_musl.as_ref().ok());
    let mut starts: Vec<(&Program, Vec<f64>)> =
        programs.into_iter().map(|it| (it, Vec::new())).collect();
    // The first round finds the programs on disk.
    for round in 0..=bench.extent.starts {
        for (program, times) in &mut starts {
            let server = Server::start(program, &database).await?;
            if round > 0 {
                times.push(server.started_in.as_secs_f64() * 1000.0);
            }
        }
    }
    let times_of = |program: &Program| {
        let found = starts.iter().find(|(it, _)| it.name == program.name);
        found.map_or(&[][..], |(_, times)| times)
    };
    let mut table = Table::new(1, &["program", "ms, median (min–max)", "÷ bare"]);
    let mut aims = Vec::new();
    for (program, bare) in [
        (Some(&binaries.glibc), Some(&binaries.bare_glibc)),
        (
            binaries.musl.as_ref().ok(),
            binaries.bare_musl.as_ref().ok(),
        ),
    ] {
        let times = program.map_or(&[][..], times_of);
        let bare_times = bare.map_or(&[][..], times_of);
        let ratio = Spread::ratio(times, bare_times);
        for (it, times, ratio) in [(program, times, ratio), (bare, bare_times, None)] {
            if let Some(it) = it {
                table.row([it.name.to_owned(), shown(times, 2), cell(ratio, 2)]);
            }
        }
        if let Some(program) = program {
            let what = format!("start of {} ÷ bare", program.name);
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
