//! Packages for the fake function app: their "program" is a script that says which commit it is of, and
//! what is wrong with it.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const FUNCTIONS: [&str; 4] = [
    "item",
    "postfacto_backup",
    "postfacto_restore_drill",
    "scale",
];

/// What a package looks like.
pub(crate) struct Sketch {
    pub(crate) commit: String,
    /// Words that the fake host knows: `unhealthy`, `no backups`, `late <timer> …`, or others.
    pub(crate) trouble: &'static str,
    /// The version that the program brings the database to.
    pub(crate) schema: u64,
    /// Where the functions lie.
    pub(crate) functions: &'static str,
    pub(crate) program_mode: u32,
}

impl Sketch {
    /// A good package of the commit whose name is this digit, over and over.
    pub(crate) fn of(digit: char) -> Sketch {
        Sketch {
            commit: digit.to_string().repeat(40),
            trouble: "nothing",
            schema: 4,
            functions: "",
            program_mode: 0o755,
        }
    }

    pub(crate) fn zip(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let program = format!(
            "#!/bin/sh\n# trouble: {}\n# schema: {}\necho 'magnusapi 0.1.0 ({})'\n",
            self.trouble, self.schema, self.commit
        );
        let mut add = |path: &str, mode, text: &str| {
            let options = SimpleFileOptions::default().unix_permissions(mode);
            zip.start_file(path, options).expect("memory takes it");
            zip.write_all(text.as_bytes()).expect("memory takes it");
        };
        add("host.json", 0o644, "{}");
        add("magnusapi", self.program_mode, &program);
        for function in FUNCTIONS {
            let path = format!("{}{function}/function.json", self.functions);
            add(&path, 0o644, "{}");
        }
        zip.finish().expect("memory takes it").into_inner()
    }
}
