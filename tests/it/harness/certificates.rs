//! A certificate for 127.0.0.1, and its authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// The variable with the folder of the certificates that a process trusts.
const FOLDER: &str = "MAGNUSAPI_TEST_CERTIFICATES";

/// `root.pem`, `server.pem` and `server.key` in a folder.
#[derive(Clone)]
pub(crate) struct Certificates {
    folder: PathBuf,
    _made: Option<Arc<TempDir>>,
}

impl Certificates {
    /// New certificates, in a folder that is removed with this value.
    pub(crate) fn new() -> Certificates {
        let made = tempfile::tempdir().expect("a folder");
        write(made.path());
        Certificates {
            folder: made.path().to_owned(),
            _made: Some(Arc::new(made)),
        }
    }

    /// The certificates that this process trusts.
    pub(crate) fn trusted() -> Option<Certificates> {
        let folder = std::env::var_os(FOLDER)?;
        Some(Certificates {
            folder: folder.into(),
            _made: None,
        })
    }

    /// The variables that make a process trust them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.display().to_string();
        [
            ("SSL_CERT_FILE", text(&self.root())),
            (FOLDER, text(&self.folder)),
        ]
    }

    /// The authority's certificate.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }
}

fn write(folder: &Path) {
    let authority = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&authority).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["127.0.0.1".to_owned()])
        .and_then(|names| names.signed_by(&key, &Issuer::new(params, authority)))
        .expect("it is signed");
    for (file, text) in [
        ("root.pem", root.pem()),
        ("server.pem", server.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(file), text).expect("it is written");
    }
}
