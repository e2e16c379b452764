//! The machine and the versions that the figures come from.

use std::fs;
use std::thread;

use tokio::process::Command;

use crate::bench::Bench;
use crate::process;
use crate::table::Table;
use crate::workspace::Workspace;

/// A table of them.
pub(crate) async fn table(bench: &Bench, workspace: &Workspace) -> anyhow::Result<String> {
    let mut table = Table::new(2, &["property", "value"]);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processor = line_of("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let postgres = bench.cluster.version().await?;
    let rust = said("rustc", &["--version"]).await;
    let python = said("python3", &["--version"]).await;
    let node = said("node", &["--version"]).await;
    let requirements = read(workspace, "xtask/tools/flask.txt");
    let packages = read(workspace, "xtask/tools/fastify/package.json");
    let axum = read(workspace, "benches/peers/axum/Cargo.lock");
    for (property, value) in [
        ("measured at", now()),
        ("processor", format!("{cores} cores of {processor}")),
        ("memory", memory),
        ("kernel", kernel.trim().to_owned()),
        ("load average before", load_average()),
        ("program", bench.binaries.version().await?),
        ("compiler", rust),
        (
            "PostgreSQL",
            format!("{postgres}: fsync, synchronous_commit and full_page_writes on, on disk"),
        ),
        ("Flask", format!("{python}, {}", of_python(&requirements))),
        ("Fastify", format!("Node.js {node}, {}", of_node(&packages))),
        ("axum", of_rust(&axum)),
    ] {
        table.row([property.to_owned(), value]);
    }
    Ok(table.markdown())
}

/// Minutes in UTC.
pub(crate) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// Over the last minute, as the kernel has it.
pub(crate) fn load_average() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or_default().to_owned()
}

async fn said(program: &str, arguments: &[&str]) -> String {
    let output = process::output(Command::new(program).args(arguments)).await;
    output.unwrap_or_else(|_| format!("no {program}"))
}

fn read(workspace: &Workspace, file: &str) -> String {
    fs::read_to_string(workspace.file(file)).unwrap_or_default()
}

fn line_of(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The versions of some packages in a file that pins them. Each follows the text that `pin` makes of the name.
fn versions(pins: &str, names: &[&str], pin: impl Fn(&str) -> String) -> String {
    let version = |name: &&str| {
        let (_, rest) = pins.split_once(&pin(name))?;
        let end = rest.find(|it: char| it != '.' && !it.is_ascii_alphanumeric())?;
        Some(format!("{name} {}", &rest[..end]))
    };
    let found: Vec<String> = names.iter().filter_map(version).collect();
    found.join(", ")
}

/// As pip pins them.
fn of_python(pins: &str) -> String {
    let names = [
        "flask",
        "flask-sqlalchemy",
        "gunicorn",
        "psycopg2-binary",
        "sqlalchemy",
    ];
    versions(pins, &names, |name| format!("\n{name}=="))
}

/// As package.json has them.
fn of_node(pins: &str) -> String {
    let names = ["fastify", "pg", "pg-cursor"];
    versions(pins, &names, |name| format!("\"{name}\": \""))
}

/// As Cargo.lock has them.
fn of_rust(pins: &str) -> String {
    let names = ["axum", "hyper", "sqlx", "tokio"];
    versions(pins, &names, |name| {
        format!("name = \"{name}\"\nversion = \"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_pins() {
        let requirements = "blinker==1 \\\n  --hash\nflask==3.1.3 \\\n  --hash\ngunicorn==2 \\\n";
        assert_eq!(of_python(requirements), "flask 3.1.3, gunicorn 2");
        let package = r#"{"dependencies":{"fastify": "5.1.0"}}"#;
        assert_eq!(of_node(package), "fastify 5.1.0");
        let lock =
            "name = \"axum-core\"\nversion = \"0.5.0\"\n\nname = \"axum\"\nversion = \"0.8.9\"\n";
        assert_eq!(of_rust(lock), "axum 0.8.9");
    }
}
