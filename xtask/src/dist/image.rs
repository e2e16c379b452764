//! An image for containers, as one tar, built without a container engine.
//!
//! The tar is an [OCI layout](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md) with the
//! `manifest.json` of `docker save` beside it: every Docker loads it, and so do containerd, Podman and skopeo.

use pem::{EncodeConfig, LineEnding, Pem};
use serde_json::{Value, json};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::archive::{self, Entry};
use crate::compile::Target;
use crate::digest::sha256;
use crate::workspace::VERSION;

/// The name under which an engine loads it.
const NAME: &str = "magnusapi";

const DESCRIPTION: &str =
    "The command line of MagnusAPI, and its timer functions for other schedulers";

/// A user without rights. The number is that of other images without a shell.
const USER: &str = "65532:65532";

const PROGRAM: &str = "usr/local/bin/magnusapi";
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// [`SOURCE_DATE`](crate::compile::SOURCE_DATE).
const CREATED: &str = "1980-01-01T00:00:00Z";

/// The name of the architecture in images.
pub(super) fn architecture(target: Target) -> &'static str {
    match target {
        Target::X86_64 => "amd64",
        Target::Aarch64 => "arm64",
    }
}

/// The image's tar.
pub(super) fn build(
    target: Target,
    program: &[u8],
    licences: &[Entry],
    revision: &str,
) -> anyhow::Result<Vec<u8>> {
    let mut files = vec![
        Entry::program(PROGRAM, program),
        Entry::file(CERTIFICATES, certificates()),
    ];
    let licences = licences.iter().cloned();
    files.extend(licences.map(|file| file.within("usr/share/doc/magnusapi")));
    let layer = archive::tar(files)?;
    let config = config(target, &sha256(&layer), revision).to_string();
    let layer = archive::gzip(&layer)?;
    let [layer_digest, config_digest] = [sha256(&layer), sha256(config.as_bytes())];
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": format!("sha256:{config_digest}"),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": format!("sha256:{layer_digest}"),
            "size": layer.len(),
        }],
    });
    let manifest = manifest.to_string();
    let index = index(target, &manifest);
    let docker = json!([{
        "Config": blob(&config_digest),
        "RepoTags": [format!("{NAME}:{VERSION}")],
        "Layers": [blob(&layer_digest)],
    }]);
    archive::tar(vec![
        Entry::file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#),
        Entry::file("index.json", index.to_string()),
        Entry::file("manifest.json", docker.to_string()),
        Entry::file(blob(&sha256(manifest.as_bytes())), manifest),
        Entry::file(blob(&config_digest), config),
        Entry::file(blob(&layer_digest), layer),
    ])
}

fn blob(digest: &str) -> String {
    format!("blobs/sha256/{digest}")
}

fn config(target: Target, layer: &str, revision: &str) -> Value {
    json!({
        "architecture": architecture(target),
        "os": "linux",
        "created": CREATED,
        "config": {
            "User": USER,
            "Entrypoint": [format!("/{PROGRAM}")],
            "WorkingDir": "/",
            "Env": ["PATH=/usr/local/bin", format!("SSL_CERT_FILE=/{CERTIFICATES}")],
            "Labels": {
                "org.opencontainers.image.title": NAME,
                "org.opencontainers.image.description": DESCRIPTION,
                "org.opencontainers.image.version": VERSION,
                "org.opencontainers.image.revision": revision,
                "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer}")] },
        "history": [{ "created": CREATED, "created_by": "cargo xtask dist" }],
    })
}

/// containerd and Docker take the whole name from the first annotation, other programs the tag from the second.
fn index(target: Target, manifest: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{}", sha256(manifest.as_bytes())),
            "size": manifest.len(),
            "platform": { "architecture": architecture(target), "os": "linux" },
            "annotations": {
                "io.containerd.image.name": format!("docker.io/library/{NAME}:{VERSION}"),
                "org.opencontainers.image.ref.name": VERSION,
            },
        }],
    })
}

/// Mozilla's roots, as PEM. The lock file pins them.
fn certificates() -> String {
    let certificates = TLS_SERVER_ROOT_CERTS.iter();
    let certificates: Vec<Pem> = certificates
        .map(|certificate| Pem::new("CERTIFICATE", certificate.as_ref()))
        .collect();
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_many_config(&certificates, config)
}
