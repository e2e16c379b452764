//! The sections, each in its own module, and a run of the selected ones.

mod backup;
mod corruption;
mod cpu;
mod items;
mod schedule;
mod startup;
mod stream;

use crate::bench::{Bench, Extent};
use crate::options::{Options, Section};
use crate::workspace::Workspace;
use crate::{document, facts};

const DOCUMENT: &str = "docs/benchmarks.md";

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
        let heading = format!(
            "Measured at {}, load average before {}.\n\n",
            facts::now(),
            facts::load_average()
        );
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
        };
        publish(options, &workspace, name, &(heading + &figures))?;
    }
    Ok(())
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
