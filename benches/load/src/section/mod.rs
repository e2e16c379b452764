//! The sections, each in its own module, and a run of the selected ones.
//!
//! | module | purpose |
//! |---|---|
//! | `growth` | the cost of more items, bytes, tables, targets and history |
//! | `cpu`, `corruption` | processor time of two builds; damaged backups |
//! | `startup`, `items`, `stream`, `backup`, `schedule` | the others |
//! | `fleet` | many targets with many windows |

mod backup;
mod corruption;
mod cpu;
mod fleet;
mod growth;
mod items;
mod schedule;
mod startup;
mod stream;

use std::fs;

use anyhow::Context;

use crate::bench::{Bench, Extent};
use crate::options::{Options, Section};
use crate::workspace::Workspace;
use crate::{document, facts};

const DOCUMENT: &str = "docs/benchmarks.md";

/// Of the section growth.
const GROWTH: &str = "docs/growth.md";

/// Measures the sections, prints their tables, and writes each into the document when it is done.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::locate()?;
    let extent = if options.quick {
        Extent::QUICK
    } else {
        Extent::FULL
    };
    println!(
        "load average {}: other work makes the figures rough",
        facts::load_average()
    );
    let sections = options.sections();
    let mut prepared = None;
    if sections.iter().any(|it| it.is_under_load()) {
        let bench = Bench::prepare(&workspace, extent, &sections).await?;
        let facts = facts::table(&bench, &workspace).await?;
        publish(options, &workspace, "machine", &facts)?;
        prepared = Some(bench);
    }
    let bench = || {
        prepared
            .as_ref()
            .expect("it was prepared for the sections under load")
    };
    for section in sections {
        let heading = heading();
        let (name, figures) = match section {
            Section::Startup => ("startup", startup::measure(bench()).await?),
            Section::Items => ("items", items::measure(bench()).await?),
            Section::Stream => ("stream", stream::measure(bench()).await?),
            Section::Cpu => ("cpu", cpu::measure(bench()).await?),
            Section::Backup => ("backup", backup::measure(bench(), &workspace).await?),
            Section::Corruption => (
                "corruption",
                corruption::measure(bench(), &workspace).await?,
            ),
            Section::Schedule => ("schedule", schedule::measure(&extent).await?),
            Section::Growth => {
                grow(options, &workspace, bench()).await?;
                continue;
            }
        };
        publish(options, &workspace, name, &(heading + &figures))?;
    }
    Ok(())
}

/// Each series is written when it is done.
async fn grow(options: &Options, workspace: &Workspace, bench: &Bench) -> anyhow::Result<()> {
    for kind in growth::Kind::ALL {
        let heading = heading();
        let series = growth::measure(bench, kind).await?;
        let (text, picture) = (heading + &series.markdown(), series.plot()?);
        println!("\n{}\n\n{text}", series.name);
        if !options.quick {
            let file = workspace.file(&series.picture());
            fs::write(&file, picture)
                .with_context(|| format!("cannot write {}", file.display()))?;
            document::replace(&workspace.file(GROWTH), series.name, &text)?;
        }
    }
    Ok(())
}

fn heading() -> String {
    format!(
        "Measured at {}, load average before {}.\n\n",
        facts::now(),
        facts::load_average()
    )
}

fn publish(options: &Options, workspace: &Workspace, part: &str, text: &str) -> anyhow::Result<()> {
    println!("\n{part}\n\n{text}");
    if options.quick {
        return Ok(());
    }
    document::replace(&workspace.file(DOCUMENT), part, text)
}

/// A line for each that could not be measured.
fn not_run<'a, T: 'a>(
    missing: impl IntoIterator<Item = (&'a str, &'a Result<T, String>)>,
) -> String {
    let mut lines = String::new();
    for (name, there) in missing {
        if let Err(reason) = there {
            lines.extend(["\nNot run: ", name, " (", reason, ").\n"]);
        }
    }
    lines
}
