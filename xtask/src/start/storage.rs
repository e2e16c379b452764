//! Azure Storage on this machine: Azurite, on free ports.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use fs_err::File;

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

/// Azurite's services, and the ports of its documentation.
const SERVICES: [(&str, u16); 3] = [("Blob", 10000), ("Queue", 10001), ("Table", 10002)];

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
    /// Those of [`SERVICES`].
    ports: [u16; 3],
}

impl Storage {
    /// Starts Azurite. Its output goes to a file: even with `--silent`, it prints a line for each service.
    pub(super) fn start(
        workspace: &Workspace,
        azurite: &Path,
        group: &mut ProcessGroup,
        overview: &mut Overview,
    ) -> anyhow::Result<Storage> {
        let storage = Storage {
            ports: free_ports()?,
        };
        let data = workspace.target().join("azurite");
        let log = workspace.target().join("azurite.log");
        let output = File::create(&log)?.into_file();
        let mut command = Command::new(azurite);
        for (service, port) in storage.services() {
            command.arg(format!("--{}Port", service.to_lowercase()));
            command.arg(port.to_string());
        }
        // The Functions host uses a newer API version than Azurite knows; the calls are the same.
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck"]);
        command.arg("--location").arg(&data);
        command.stderr(output.try_clone()?).stdout(output);
        let name = format!("Azurite (it logs to {})", workspace.shown(&log));
        group.start(&name, &mut command)?;
        let ([blob, ..], data) = (storage.ports, workspace.shown(&data));
        overview.add(
            "storage",
            format_args!("Azurite, blobs on 127.0.0.1:{blob}, its data in {data}"),
        );
        Ok(storage)
    }

    /// Waits until it accepts connections.
    pub(super) fn wait(&self, group: &mut ProcessGroup, stop: &Stop) -> anyhow::Result<()> {
        group.wait_for_port(self.ports[0], Duration::from_mins(1), stop)
    }

    /// The value of `AzureWebJobsStorage` for the host.
    pub(super) fn connection(&self) -> String {
        let endpoints = self
            .services()
            .map(|(service, port)| format!("{service}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};"));
        format!("DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};")
            + &endpoints.collect::<String>()
    }

    fn services(&self) -> impl Iterator<Item = (&'static str, u16)> {
        SERVICES
            .into_iter()
            .zip(self.ports)
            .map(|((service, _), port)| (service, port))
    }
}

/// The usual ports if all are free, else any three.
fn free_ports() -> anyhow::Result<[u16; 3]> {
    let usual = SERVICES.map(|(_, port)| port);
    if usual.into_iter().all(|port| listen(port).is_ok()) {
        return Ok(usual);
    }
    // All three are open at the same time, so the system cannot return one of them twice.
    let open = [listen(0)?, listen(0)?, listen(0)?];
    let mut ports = [0; 3];
    for (port, socket) in ports.iter_mut().zip(&open) {
        *port = socket.local_addr()?.port();
    }
    Ok(ports)
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
        let ports = [10000, 10001, 10002];
        let connection = Storage { ports }.connection();
        for part in [
            "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;",
            "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
        ] {
            assert!(connection.contains(part), "{connection}");
        }
    }

    #[test]
    fn used_ports_are_replaced_by_three_free_ones() {
        let _taken = listen(10001);
        let [blob, queue, table] = free_ports().unwrap();
        assert!(blob != queue && queue != table && table != blob && queue != 10001);
    }
}
