//! `sslmode` and `sslrootcert` against real servers with real certificates.

use std::path::PathBuf;
use std::sync::LazyLock;

use localpg::{Throwaway, ThrowawayOptions};
use magnusapi::database::{Server, Settings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::harness::{Start, connect, own_server, ready, run};

/// Only with TLS may the one connect over TCP, and only with TLS and a password the other. The
/// tests themselves use the socket.
const HBA: [&str; 3] = [
    "hostssl all scram 127.0.0.1/32 scram-sha-256",
    "hostssl all all 127.0.0.1/32 trust",
    "hostnossl all all 127.0.0.1/32 reject",
];

/// Two authorities, of which the programs trust one, and the servers' certificates.
struct Certificates {
    folder: TempDir,
    authority: Issuer<'static, KeyPair>,
}

static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = write_authority(&folder, "right.pem");
    write_authority(&folder, "wrong.pem");
    Certificates { folder, authority }
});

fn write_authority(folder: &TempDir, file: &str) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([]).expect("no names");
    // Named, or a certificate of the one would pass for a broken one of the other.
    params.distinguished_name.push(DnType::CommonName, file);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(folder.path().join(file), certificate.pem()).expect("it is written");
    Issuer::new(params, key)
}

impl Certificates {
    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// A certificate for `host` and its key, as files.
    fn server(&self, host: &str, years: (i32, i32)) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params
            .signed_by(&key, &self.authority)
            .expect("it is signed");
        let files = [(".crt", certificate.pem()), (".key", key.serialize_pem())];
        let [certificate, key] = files.map(|(ending, text)| {
            let path = self.path(&format!("{host} {}{ending}", years.1));
            std::fs::write(&path, text).expect("it is written");
            path
        });
        (certificate, key)
    }
}

fn tls_server(host: &str, years: (i32, i32)) -> Throwaway {
    own_server(ThrowawayOptions {
        tcp: true,
        tls: Some(CERTIFICATES.server(host, years)),
        hba: HBA.map(str::to_owned).to_vec(),
        ..ThrowawayOptions::default()
    })
}

/// With a certificate for the name that the programs use.
static LOCALHOST: LazyLock<Throwaway> = LazyLock::new(|| tls_server("localhost", (2020, 2100)));

/// The address of a server that is reached over TLS alone, and shows the right certificate.
pub(crate) fn verified_url() -> String {
    let roots = CERTIFICATES.path("right.pem");
    let options = format!("sslmode=verify-full&sslrootcert={}", roots.display());
    url(&LOCALHOST, "postgres", &options)
}

fn url(server: &Throwaway, user: &str, options: &str) -> String {
    let port = server.tcp_port().expect("it listens on TCP");
    format!("postgres://{user}@localhost:{port}/items?{options}")
}

/// Has the program migrate with this `sslmode` and these roots: `Err` is what it says on stderr.
fn migrate(server: &Throwaway, mode: &str, roots: &str) -> Result<(), String> {
    let roots = CERTIFICATES.path(roots);
    let options = format!("sslmode={mode}&sslrootcert={}", roots.display());
    let start = Start::handler().set("DATABASE_URL", &url(server, "postgres", &options));
    let output = start.argument("migrate").output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(said),
        other => panic!("it ended with {other:?}: {said}"),
    }
}

/// Holds each mode to come to what is expected: `""` is success, else a part of the message.
fn expect(server: &Throwaway, table: &[(&str, &str, &str)]) {
    for (mode, roots, expected) in table {
        let outcome = migrate(server, mode, roots);
        match outcome {
            Ok(()) => assert_eq!(*expected, "", "{mode} with {roots} was let in"),
            Err(said) => {
                assert!(!expected.is_empty(), "{mode} with {roots}: {said}");
                assert!(said.contains(expected), "{mode} with {roots}: {said}");
                assert_eq!(said.lines().count(), 1, "{said}");
            }
        }
    }
}

#[test]
fn a_server_with_a_good_certificate_is_taken_by_every_mode_that_asks_for_tls() {
    let table = [
        ("disable", "right.pem", "sslmode"),
        ("prefer", "right.pem", ""),
        ("prefer", "wrong.pem", ""),
        ("require", "right.pem", ""),
        ("require", "wrong.pem", ""),
        ("verify-ca", "right.pem", ""),
        ("verify-ca", "wrong.pem", "sslrootcert"),
        ("verify-full", "right.pem", ""),
        ("verify-full", "wrong.pem", "sslrootcert"),
        ("verify-full", "missing.pem", "missing.pem"),
        ("verify-full", "localhost 2100.key", "sslrootcert"),
    ];
    expect(&LOCALHOST, &table);
}

#[test]
fn a_certificate_for_another_host_is_refused_by_verify_full_alone() {
    let server = tls_server("elsewhere.example", (2020, 2100));
    let table = [
        ("prefer", "right.pem", ""),
        ("require", "right.pem", ""),
        ("verify-ca", "right.pem", ""),
        ("verify-ca", "wrong.pem", "sslrootcert"),
        ("verify-full", "right.pem", "elsewhere.example"),
        ("verify-full", "wrong.pem", "sslrootcert"),
    ];
    expect(&server, &table);
}

#[test]
fn an_expired_certificate_is_refused_by_both_that_verify_also_for_another_host() {
    for host in ["localhost", "elsewhere.example"] {
        let server = tls_server(host, (2020, 2021));
        let table = [
            ("require", "right.pem", ""),
            ("verify-ca", "right.pem", "expired"),
            ("verify-full", "right.pem", "expired"),
        ];
        expect(&server, &table);
    }
}

#[test]
fn a_server_without_tls_is_taken_only_where_tls_may_be_missing() {
    let server = own_server(ThrowawayOptions {
        tcp: true,
        ..ThrowawayOptions::default()
    });
    let table = [
        ("disable", "right.pem", ""),
        ("prefer", "right.pem", ""),
        ("require", "right.pem", "does not support TLS"),
        ("verify-ca", "right.pem", "sslmode"),
        ("verify-full", "right.pem", "sslmode"),
    ];
    expect(&server, &table);
}

#[test]
fn the_connections_of_the_pool_are_encrypted() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", &verified_url())
            .serving()
            .await;
        ready(&program).await;
        let client = connect(&LOCALHOST.url("items")).await;
        let question = "SELECT bool_and(ssl), max(version) FROM pg_stat_ssl
                          JOIN pg_stat_activity USING (pid)
                         WHERE application_name = 'magnusapi' AND client_addr IS NOT NULL";
        let row = client
            .query_one(question, &[])
            .await
            .expect("it can be asked");
        assert_eq!(row.get::<_, Option<bool>>(0), Some(true));
        assert_eq!(row.get::<_, Option<&str>>(1), Some("TLSv1.3"));
    });
}

#[test]
fn a_password_is_bound_to_the_servers_certificate() {
    run(async {
        let client = connect(&LOCALHOST.url("items")).await;
        let role = "CREATE ROLE scram LOGIN SUPERUSER PASSWORD 'p'";
        client.batch_execute(role).await.expect("a role");
        let roots = CERTIFICATES.path("right.pem");
        for (user, options, code) in [
            ("scram:p", "channel_binding=require", 0),
            ("scram:p", "channel_binding=prefer", 0),
            ("scram:wrong", "channel_binding=require", 1),
            // Without TLS there is nothing to bind to.
            ("scram:p", "channel_binding=require&sslmode=disable", 1),
        ] {
            let options = format!("sslrootcert={}&{options}", roots.display());
            let url = url(&LOCALHOST, user, &options);
            let start = Start::handler().set("DATABASE_URL", &url);
            let output = start.argument("migrate").output();
            assert_eq!(
                output.status.code(),
                Some(code),
                "{user} {options}: {output:?}"
            );
            // And so on a connection whose rows are taken off it.
            let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.clone()));
            let server = Server::new(&settings.expect("good").expect("a database is named"));
            let session = server.connect().await;
            assert_eq!(session.is_ok(), code == 0, "{user} {options}");
        }
    });
}
