//! moto, a server with the interface of Amazon S3: one private server in memory for this process, and a bucket for
//! each test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use magnusapi::blob::{BlobAddress, Blobs};

use super::{WAIT, client};

/// Stops moto when its stdin closes, also after SIGKILL of this process.
const SCRIPT: &str = r#""$@" & moto=$!; read -r _; kill "$moto"; wait"#;

struct Moto {
    /// `http://127.0.0.1:<port>`.
    url: String,
    /// Stops moto when its stdin closes.
    _shell: Child,
}

/// The server that all tests share.
fn moto() -> &'static Moto {
    static SERVER: LazyLock<Moto> = LazyLock::new(Moto::start);
    &SERVER
}

impl Moto {
    fn start() -> Moto {
        let program = std::env::var_os("MOTO").expect(
            "MOTO is not set: run `cargo xtask test`, which installs it, or set it to the path of \
             moto_server",
        );
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut lines = BufReader::new(shell.stderr.take().expect("it is piped")).lines();
        let mut log = Vec::new();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let url = line.split_once("Running on ");
            let url = url.map(|(_, url)| url.trim().to_owned());
            log.push(line);
            url
        });
        // It continues to write there.
        std::thread::spawn(move || lines.for_each(drop));
        Moto {
            url: url.unwrap_or_else(|| panic!("moto did not start: {}", log.join("\n"))),
            _shell: shell,
        }
    }
}

/// A bucket of one test.
pub(crate) struct Bucket {
    name: String,
}

impl Bucket {
    /// Creates an empty bucket.
    pub(crate) async fn new() -> Bucket {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let bucket = Bucket::missing(&format!("test-{number}"));
        let url = format!("{}/{}", moto().url, bucket.name);
        let response = client().put(url).send().await;
        assert_eq!(response.expect("moto responds").status(), 200);
        bucket
    }

    /// A bucket that does not exist.
    pub(crate) fn missing(name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
        }
    }

    /// The settings of the second location in a folder of the bucket.
    pub(crate) fn settings(&self) -> [(&'static str, String); 5] {
        [
            ("BACKUP_COPY_URL", format!("s3://{}/of us", self.name)),
            ("BACKUP_COPY_STORAGE_WAIT", WAIT.as_secs().to_string()),
            ("AWS_ENDPOINT_URL", moto().url.clone()),
            ("AWS_ACCESS_KEY_ID", "id".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ]
    }

    /// The store of blobs in that folder.
    pub(crate) fn blobs(&self) -> Blobs {
        let settings = self.settings();
        let address = BlobAddress::read(&magnusapi::backup::COPY_STORE, |name| {
            let found = settings.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        });
        let address = address.expect("valid settings").expect("it is set");
        Blobs::open(&address).expect("a bucket needs nothing to be opened")
    }
}
