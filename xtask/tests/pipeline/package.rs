//! Packages for the fake function app: their "program" is a script that prints its commit and contains the faults that
//! the app simulates.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const FUNCTIONS: [&str; 4] = [
    "item",
    "postfacto_backup",
    "postfacto_restore_drill",
    "scale",
];

/// A description of a package.
pub(crate) struct Sketch {
    pub(crate) commit: String,
    /// A fault that the fake host simulates: `unhealthy`, `no backups`, `no ticks`, `late <timer> …`. Others have no effect.
    pub(crate) trouble: &'static str,
    /// The version that the program brings the database to.
    pub(crate) schema: u64,
    /// The parent folder of the functions' folders, with a slash.
    pub(crate) functions: &'static str,
    pub(crate) program_mode: u32,
}

impl Sketch {
    /// A good package of the commit that repeats this digit.
    pub(crate) fn of(digit: char) -> Sketch {
        Sketch {
            commit: digit.to_string().repeat(40),
            trouble: "nothing",
            schema: 4,
            functions: "",
            program_mode: 0o755,
        }
    }

    /// With this [`Sketch::trouble`].
    pub(crate) fn with(trouble: &'static str, digit: char) -> Sketch {
        Sketch {
            trouble,
            ..Sketch::of(digit)
        }
    }

    /// One that its site refuses.
    pub(crate) fn not_executable(digit: char) -> Sketch {
        Sketch {
            program_mode: 0o644,
            ..Sketch::of(digit)
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
