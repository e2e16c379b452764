//! An extension that makes tables, for servers that can have extensions in any folder: from PostgreSQL 18 on.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{Site, folder};

const SCRIPT: &str = include_str!("../sample_data/backup/ledger.sql");

/// A folder with the extension under two names. The tables of `ledger` belong to the role that creates it, and those
/// of `sealed` to the server's first superuser, as on Azure.
pub(crate) struct Extensions {
    folder: TempDir,
}

impl Extensions {
    /// A query for the objects on their tables, as one text: `pg_dump` shows few of them.
    pub(crate) const OBJECTS: &str = "\
        WITH tables AS (SELECT c.* FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
                          JOIN pg_extension e ON e.oid = d.refobjid
                         WHERE d.classid = 'pg_class'::regclass AND e.extname IN ('ledger', 'sealed'))
        SELECT coalesce(string_agg(line, chr(10) ORDER BY line COLLATE \"C\"), '')
          FROM (SELECT pg_get_indexdef(x.indexrelid) || x.indisclustered::text AS line
                  FROM pg_index x JOIN tables t ON t.oid = x.indrelid
                UNION ALL
                SELECT concat_ws(' ', t.relname, k.conname, pg_get_constraintdef(k.oid))
                  FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
                UNION ALL
                SELECT pg_get_triggerdef(g.oid) || g.tgenabled::text
                         || coalesce(obj_description(g.oid, 'pg_trigger'), '')
                  FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
                UNION ALL
                SELECT pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class
                UNION ALL
                SELECT concat_ws(' ', t.relname, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
                                 pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid),
                                 obj_description(p.oid, 'pg_policy'))
                  FROM pg_policy p JOIN tables t ON t.oid = p.polrelid
                UNION ALL
                SELECT pg_get_statisticsobjdef(s.oid) || coalesce(to_jsonb(s) ->> 'stxstattarget', '')
                  FROM pg_statistic_ext s JOIN tables t ON t.oid = s.stxrelid
                UNION ALL
                SELECT concat_ws(' ', t.relname, d.adnum, pg_get_expr(d.adbin, t.oid))
                  FROM pg_attrdef d JOIN tables t ON t.oid = d.adrelid
                UNION ALL
                SELECT concat_ws(' ', t.relname, t.relrowsecurity) FROM tables t) AS lines";

    pub(crate) fn new() -> Extensions {
        let folder = folder();
        let files = folder.path().join("extension");
        fs::create_dir(&files).expect("it is new");
        for (name, rights) in [
            ("ledger", "superuser = false"),
            ("sealed", "trusted = true"),
        ] {
            let control = format!("default_version = '1.0'\nschema = {name}\n{rights}\n");
            fs::write(files.join(format!("{name}.control")), control).expect("it is written");
            fs::write(files.join(format!("{name}--1.0.sql")), SCRIPT).expect("it is written");
        }
        // The server runs as another account.
        for folder in [folder.path(), &files] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("it is ours");
        }
        Extensions { folder }
    }

    /// A server of one test's own that can create them.
    pub(crate) fn on(&self, site: Site) -> Site {
        let path = format!("{}:$system", self.folder.path().display());
        site.with_settings(&[("extension_control_path", &path)])
    }
}
