//! The stand-in for Azure's Resource Manager and Entra, as a process that ends with this one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use infra_tests::{checkout, fetched_program, output};
use tempfile::TempDir;

/// A stand-in of its own, with nothing in it.
pub(crate) struct Azure {
    address: String,
    folder: TempDir,
    /// It serves until its input ends.
    _process: Child,
}

impl Azure {
    pub(crate) fn start() -> Azure {
        let folder = tempfile::tempdir().expect("a temporary folder is created");
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let certified = certified.expect("a certificate is made");
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("the file is written");
            path
        };
        let certificate = write("certificate.pem", certified.cert.pem());
        let key = write("key.pem", certified.signing_key.serialize_pem());
        let mut process = Command::new(fetched_program("TFPLUGIN_PYTHON"))
            .arg("-B")
            .arg(programs().join("stand_in.py"))
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut address = String::new();
        let message = process.stdout.as_mut().expect("it is piped");
        BufReader::new(message)
            .read_line(&mut address)
            .expect("it can be read");
        assert!(
            address.starts_with("https://"),
            "the stand-in for Azure does not start; its message is above"
        );
        Azure {
            address: address.trim_end().to_owned(),
            folder,
            _process: process,
        }
    }

    /// The variables with which azurerm and azapi find it, log in and trust it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let host = self.address.trim_start_matches("https://");
        vec![
            ("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", self.address.clone()),
            (
                "ARM_CLIENT_ID",
                "00000000-0000-0000-0000-00000000c001".to_owned(),
            ),
            ("ARM_CLIENT_SECRET", "any".to_owned()),
            ("ARM_DISABLE_INSTANCE_DISCOVERY", "true".to_owned()),
            ("ARM_METADATA_HOSTNAME", host.to_owned()),
            ("ARM_RESOURCE_MANAGER_AUDIENCE", self.address.clone()),
            ("ARM_RESOURCE_MANAGER_ENDPOINT", self.address.clone()),
            ("ARM_USE_CLI", "false".to_owned()),
            ("SSL_CERT_FILE", self.certificate()),
        ]
    }

    fn certificate(&self) -> String {
        let path = self.folder.path().join("certificate.pem");
        path.display().to_string()
    }
}

fn programs() -> PathBuf {
    checkout().join("infra/tests/azure")
}

#[test]
fn the_stand_in_rejects_resources_without_a_parent() {
    let azure = Azure::start();
    let mut tests = Command::new(fetched_program("TFPLUGIN_PYTHON"));
    tests
        .args(["-B", "-m", "unittest", "--quiet", "test_stand_in"])
        .current_dir(programs())
        .env("STAND_IN", &azure.address)
        .env("SSL_CERT_FILE", azure.certificate());
    output(&mut tests);
}
