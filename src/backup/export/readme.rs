//! `README.txt`: what a stranger has to know who has the folder and nothing else.

use pgarchive::encryption::Recipients;
use pgarchive::manifest::{Server, Snapshot};

/// The text for a backup in `folder`.
pub(super) fn text(
    folder: &str,
    server: &Server,
    snapshot: &Snapshot,
    recipients: &Recipients,
) -> String {
    let decrypt = if recipients.is_empty() {
        String::new()
    } else {
        DECRYPT.to_owned()
    };
    format!(
        "A backup of the PostgreSQL database {database:?}, as of {taken}, server {version}.

It is an archive in PostgreSQL's own directory format, which pg_restore reads (tried with
versions 15 to 17; the server may be of version 11 or later). It is whole only if manifest.json is
here: that file is stored last, and names each file with its size and SHA-256.

Fetch it, with your own account and container:

    azcopy copy 'https://ACCOUNT.blob.core.windows.net/CONTAINER/{folder}' . --recursive
    az storage blob download-batch --auth-mode login --account-name ACCOUNT \\
        -s CONTAINER -d . --pattern '*{folder}/*'

{decrypt}See what is in it, and restore it into a new database of yours (FOLDER is where this file is now):

    pg_restore -l FOLDER
    createdb restored
    pg_restore --no-owner --exit-on-error -j 4 -d restored FOLDER

Without --no-owner the roles that own the objects have to be there. The last entry of the data,
row_count_check, counts every table: if it fails, rows are missing. Do without it only to save what
is left. The rows of a table are plain text: zcat FILE.dat.gz shows them.
schema.sql is there to be read; pg_restore does not need it.
",
        database = server.database,
        version = server.version,
        taken = snapshot.taken,
    )
}

const DECRYPT: &str = "\
Its files are encrypted with age (https://age-encryption.org). Decrypt them where they lie, with
the identity file that belongs to a recipient in manifest.json:

    for file in *.age; do age --decrypt -i IDENTITY -o \"${file%.age}\" \"$file\" && rm \"$file\"; done

";
