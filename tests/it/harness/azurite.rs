//! Azurite, an emulator of Azure Storage: one private server in memory for this process, and a container for each
//! test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use magnusapi::blob::{BlobAddress, Blobs};
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::HttpRequest;
use reqwest::Method;

use super::client;

/// Azurite's public account and key, which are the same in every installation.
/// <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>
pub(crate) const ACCOUNT: &str = "devstoreaccount1";
pub(crate) const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Time in which the program retries a request in tests.
pub(crate) const WAIT: Duration = Duration::from_secs(3);

/// Stops Azurite when its stdin closes, also after SIGKILL of this process.
const SCRIPT: &str = r#""$@" & azurite=$!; read -r _; kill "$azurite"; wait"#;

/// A running server.
pub(crate) struct Azurite {
    /// `127.0.0.1:<port>`.
    address: String,
    /// Stops Azurite when its stdin closes.
    _shell: Child,
}

/// The server that all tests share.
fn azurite() -> &'static Azurite {
    static SERVER: LazyLock<Azurite> = LazyLock::new(|| Azurite::start(&[]));
    &SERVER
}

impl Azurite {
    /// A server with TLS that accepts tokens: every token for storage that has not expired.
    pub(crate) fn with_tokens(certificate: &Path, key: &Path) -> Azurite {
        let [oauth, basic, cert_is, key_is] =
            ["--oauth", "basic", "--cert", "--key"].map(OsStr::new);
        let files = [cert_is, certificate.as_os_str(), key_is, key.as_os_str()];
        Azurite::start(&[[oauth, basic].as_slice(), &files].concat())
    }

    /// The address of its account, with TLS.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://{}/{ACCOUNT}", self.address)
    }

    /// The client's version of the API may be unknown to Azurite; the calls are the same.
    fn start(options: &[&OsStr]) -> Azurite {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(program())
            .args(["--blobPort", "0", "--inMemoryPersistence", "--silent"])
            .args(["--disableTelemetry", "--skipApiVersionCheck"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let mut lines = BufReader::new(shell.stdout.take().expect("it is piped")).lines();
        let mut log = Vec::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let listening = line.split_once("successfully listens on ");
            let address = listening.and_then(|(_, url)| url.split_once("://"));
            let (_, address) = address.unzip();
            let address = address.map(str::to_owned);
            log.push(line);
            address
        });
        // It continues to write there.
        std::thread::spawn(move || lines.for_each(drop));
        Azurite {
            address: address.unwrap_or_else(|| panic!("Azurite did not start: {}", log.join("\n"))),
            _shell: shell,
        }
    }
}

/// The program in `AZURITE`, or the installed one. The tests use only its service for blobs.
fn program() -> PathBuf {
    let named = std::env::var_os("AZURITE").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|folder| folder.join("azurite"));
    let mut programs = named.into_iter().chain(installed);
    let all = programs.find(|program| program.exists()).expect(
        "Azurite is not installed and AZURITE is not set: run `cargo xtask test`, which fetches it",
    );
    all.with_file_name("azurite-blob")
}

/// A container of one test.
pub(crate) struct Container {
    name: String,
    /// `127.0.0.1:<port>`, of Azurite or of a proxy.
    address: String,
    key: String,
}

impl Container {
    /// Creates an empty container.
    pub(crate) async fn new() -> Container {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let container = Container::missing(&format!("test-{number}"));
        let path = format!("{ACCOUNT}/{}?restype=container", container.name);
        let uri = format!("http://{}/{path}", container.address);
        let mut request = HttpRequest::new(Vec::new().into());
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = uri.parse().expect("a valid address");
        let length = "0".parse().expect("a valid header");
        request.headers_mut().insert("content-length", length);
        let key = AzureAccessKey::try_new(KEY).expect("a valid key");
        AzureAuthorizer::new(&AzureCredential::AccessKey(key), ACCOUNT)
            .try_authorize(&mut request)
            .expect("it can be signed");
        let response = client()
            .put(&uri)
            .headers(request.headers().clone())
            .send()
            .await;
        assert_eq!(response.expect("Azurite responds").status(), 201);
        container
    }

    /// A container that does not exist.
    pub(crate) fn missing(name: &str) -> Container {
        Container {
            name: name.to_owned(),
            address: azurite().address.clone(),
            key: KEY.to_owned(),
        }
    }

    /// The address of Azurite, or of the proxy.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The same container through a proxy.
    pub(crate) fn through(&self, address: &str) -> Container {
        Container {
            name: self.name.clone(),
            address: address.to_owned(),
            key: self.key.clone(),
        }
    }

    /// The same container with another key.
    pub(crate) fn with_key(&self, key: &str) -> Container {
        Container {
            name: self.name.clone(),
            address: self.address.clone(),
            key: key.to_owned(),
        }
    }

    /// The settings of a store in a folder of the container. Requests are retried for [`WAIT`].
    pub(crate) fn settings(&self, folder: &str) -> [(&'static str, String); 5] {
        [
            ("BACKUP_URL", format!("az://{}/{folder}", self.name)),
            ("BACKUP_STORAGE_ACCOUNT", ACCOUNT.to_owned()),
            (
                "BACKUP_STORAGE_ENDPOINT",
                format!("http://{}/{ACCOUNT}", self.address),
            ),
            ("BACKUP_STORAGE_KEY", self.key.clone()),
            ("BACKUP_STORAGE_WAIT", WAIT.as_secs().to_string()),
        ]
    }

    /// The same settings of the second location.
    pub(crate) fn copy_settings(&self, folder: &str) -> [(&'static str, String); 5] {
        let names = [
            "BACKUP_COPY_URL",
            "BACKUP_COPY_STORAGE_ACCOUNT",
            "BACKUP_COPY_STORAGE_ENDPOINT",
            "BACKUP_COPY_STORAGE_KEY",
            "BACKUP_COPY_STORAGE_WAIT",
        ];
        let mut settings = self.settings(folder);
        for ((name, _), copy) in settings.iter_mut().zip(names) {
            *name = copy;
        }
        settings
    }

    /// The store of blobs in one folder.
    pub(crate) fn blobs(&self) -> Blobs {
        let settings = self.settings("of us");
        let address = BlobAddress::read(&magnusapi::backup::STORE, |name| {
            let found = settings.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        });
        let address = address.expect("valid settings").expect("BACKUP_URL is set");
        Blobs::open(&address).expect("a container needs nothing to be opened")
    }
}
