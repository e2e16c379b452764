//! `README.txt`: instructions for a reader who has only the folder.

use pgarchive::Algorithm;
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{Server, Snapshot};

/// The text for a backup in `folder`.
pub(super) fn text(
    folder: &str,
    server: &Server,
    snapshot: &Snapshot,
    algorithm: Algorithm,
    recipients: &Recipients,
) -> String {
    let (readers, text) = match algorithm {
        Algorithm::Gzip => ("pg_restore reads from version 15 on", "zcat FILE.dat.gz"),
        Algorithm::Zstd => (
            "pg_restore reads from version 16 on if it was built with zstd",
            "zstd -dc FILE.dat.zst",
        ),
    };
    let decrypt = if recipients.is_empty() {
        String::new()
    } else {
        DECRYPT.to_owned()
    };
    format!(
        "A backup of the PostgreSQL database {database:?}, as of {taken}, server {version}.

It is an archive in PostgreSQL's own directory format, which {readers}. It is
complete only if manifest.json is here: that file is stored last, and lists each file with its size and
SHA-256.

Fetch it, with your own account and container:

    az storage blob download-batch --auth-mode login --account-name ACCOUNT \\
        --source CONTAINER --pattern '*{folder}/*' --destination .

{decrypt}List its content, and restore it to a new database (FOLDER is the folder of this file):

    pg_restore --list FOLDER
    createdb --template=template0 --encoding=UTF8 restored
    pg_restore --exit-on-error --single-transaction --no-owner --no-acl --dbname=restored FOLDER
    vacuumdb --analyze-only --dbname=restored

Without --no-owner and --no-acl, the roles that own the objects or have grants must exist. The last entry
of the data, row_count_check, counts every table: if it fails, rows are missing. Omit it only to rescue the
other rows. The rows of a table are plain text: {text} shows them.
schema.sql is for reading; pg_restore does not need it.
",
        database = server.database,
        version = server.version,
        taken = snapshot.taken,
    )
}

const DECRYPT: &str = "\
Its files are encrypted with age (https://age-encryption.org). Decrypt them in place, with
the identity file of a recipient in manifest.json:

    for file in *.age; do age --decrypt --identity IDENTITY --output \"${file%.age}\" \"$file\" && rm \"$file\"; done

";
