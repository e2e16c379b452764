//! Azure Storage on this machine: Azurite, on free ports.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::overview::{Overview, report};
use super::process_group::ProcessGroup;
use super::stop::Stop;
use crate::tools;
use crate::workspace::Workspace;

/// Azurite's account and key: public, and the same in every installation.
/// <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The ports of Azurite's documentation.
const USUAL: Ports = Ports {
    blob: 10000,
    queue: 10001,
    table: 10002,
};

/// Installs Azurite. If that fails and Azurite is not required, the app starts without it, after a line that says
/// so.
pub(super) fn prepare(workspace: &Workspace, required: bool) -> anyhow::Result<Option<PathBuf>> {
    match tools::AZURITE.install(workspace) {
        Ok(azurite) => Ok(Some(azurite)),
        Err(error) if required => Err(error),
        Err(error) => {
            report(
                "storage",
                format_args!("none, and the host runs without it: {error:#}"),
            );
            Ok(None)
        }
    }
}

/// Azurite, which was started.
pub(super) struct Storage {
    ports: Ports,
}

impl Storage {
    /// Starts Azurite. Its output goes to a file: even with `--silent`, it prints a line for each service.
    pub(super) fn start(
        workspace: &Workspace,
        azurite: &Path,
        group: &mut ProcessGroup,
        overview: &mut Overview,
    ) -> anyhow::Result<Storage> {
        let ports = Ports::free()?;
        let data = workspace.target().join("azurite");
        let log = workspace.target().join("azurite.log");
        let output =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut command = Command::new(azurite);
        command.args(ports.arguments()).arg("--location").arg(&data);
        command.stderr(output.try_clone()?).stdout(output);
        let name = format!("Azurite (it logs to {})", workspace.shown(&log));
        group.start(&name, &mut command)?;
        let (port, data) = (ports.blob, workspace.shown(&data));
        overview.add(
            "storage",
            format_args!("Azurite, blobs on 127.0.0.1:{port}, its data in {data}"),
        );
        Ok(Storage { ports })
    }

    /// Waits until it accepts connections.
    pub(super) fn wait(&self, group: &mut ProcessGroup, stop: &Stop) -> anyhow::Result<()> {
        group.wait_for_port(self.ports.blob, Duration::from_mins(1), stop)
    }

    /// The value of `AzureWebJobsStorage` for the host.
    pub(super) fn connection(&self) -> String {
        self.ports.connection()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Ports {
    blob: u16,
    queue: u16,
    table: u16,
}

impl Ports {
    /// The usual ports if all are free, else any three.
    fn free() -> anyhow::Result<Self> {
        let Self { blob, queue, table } = USUAL;
        if [blob, queue, table]
            .into_iter()
            .all(|port| listen(port).is_ok())
        {
            return Ok(USUAL);
        }
        // All three are open at the same time, so the system cannot return one of them twice.
        let open = [listen(0)?, listen(0)?, listen(0)?];
        let [blob, queue, table] = open
            .each_ref()
            .map(|socket| socket.local_addr().map(|own| own.port()));
        Ok(Self {
            blob: blob?,
            queue: queue?,
            table: table?,
        })
    }

    /// The Functions host uses a newer API version than Azurite knows; the calls are the same.
    fn arguments(&self) -> Vec<String> {
        let Self { blob, queue, table } = self;
        let ports = [
            ("--blobPort", blob),
            ("--queuePort", queue),
            ("--tablePort", table),
        ];
        let switches =
            ["--silent", "--disableTelemetry", "--skipApiVersionCheck"].map(str::to_owned);
        let ports = ports
            .into_iter()
            .flat_map(|(name, port)| [name.to_owned(), port.to_string()]);
        ports.chain(switches).collect()
    }

    fn connection(&self) -> String {
        let Self { blob, queue, table } = self;
        let endpoint =
            |name: &str, port: &u16| format!("{name}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};");
        format!("DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};")
            + &endpoint("Blob", blob)
            + &endpoint("Queue", queue)
            + &endpoint("Table", table)
    }
}

fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("port {port} on 127.0.0.1 is in use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_string_names_every_service_with_its_port() {
        let connection = USUAL.connection();
        assert!(
            connection.contains("BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"),
            "{connection}"
        );
        assert!(
            connection.contains("TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"),
            "{connection}"
        );
    }

    #[test]
    fn used_ports_are_replaced_by_three_free_ones() {
        let _taken = listen(USUAL.queue);
        let Ports { blob, queue, table } = Ports::free().unwrap();
        assert!(blob != queue && queue != table && table != blob && queue != USUAL.queue);
    }

    #[test]
    fn azurite_gets_its_ports() {
        let arguments = USUAL.arguments();
        assert_eq!(
            arguments[..4],
            ["--blobPort", "10000", "--queuePort", "10001"]
        );
    }
}
