//! An app with a year of history, and hostile texts wherever a person or another system writes.

use std::path::{Path, PathBuf};

use devhost::{HostOptions, Keys};
use jiff::{SignedDuration, Timestamp};
use pgarchive::BackupId;
use pgarchive::manifest::{MANIFEST, Manifest};

use crate::harness::{AppFolder, Database, Operator, empty_postfacto};

/// Markup, quotes, text from right to left, and an isolate that does not end, in 255 characters.
pub(super) fn hostile() -> String {
    let text = "\"><script>document.title='owned'</script><img src=x onerror=alert(1)>'`${1}</style>&amp; \
                שלום \u{2067}עולם ";
    text.chars().cycle().take(254).chain(['!']).collect()
}

/// The key of the page, and the one of its actions.
pub(super) const PAGE_KEY: &str = "key-of-the-page";
pub(super) const ADMIN_KEY: &str = "key-of-administrators";

pub(super) fn keys() -> Keys {
    Keys {
        master: ADMIN_KEY.to_owned(),
        host: "key-of-functions".to_owned(),
        functions: [("ops".to_owned(), PAGE_KEY.to_owned())].into(),
    }
}

pub(super) struct Year {
    app: AppFolder,
    store: tempfile::TempDir,
    database: Database,
    source: Database,
}

impl Year {
    pub(super) async fn new() -> Year {
        let year = Year {
            app: AppFolder::new(),
            store: tempfile::tempdir().expect("a folder"),
            database: Database::migrated(),
            source: empty_postfacto().await,
        };
        let client = year.client().await;
        client.batch_execute(&rows()).await.expect("a year of rows");
        std::fs::write(year.schedule(), schedule()).expect("a schedule");
        year.make_backups();
        year
    }

    /// A host with keys in front of the app.
    pub(super) fn host(&self) -> HostOptions {
        let store = self.store.path().display();
        let settings = [
            ("SCALE_CONFIG", self.schedule().display().to_string()),
            ("BACKUP_URL", format!("file://{store}")),
            ("BACKUP_DATABASES", "postfacto".to_owned()),
            ("BACKUP_DATABASE_URL_POSTFACTO", self.source.url.clone()),
            (
                "SCALE_RESOURCES",
                "web=/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/web"
                    .to_owned(),
            ),
        ];
        let mut options = self.app.on(&self.database);
        for (name, value) in settings {
            options = options.setting(name, value);
        }
        options.keys = Some(keys());
        options
    }

    pub(super) async fn client(&self) -> tokio_postgres::Client {
        self.database.connect().await
    }

    fn schedule(&self) -> PathBuf {
        self.store.path().join("scale.toml")
    }

    /// One by the program, and the same again for most of the days before, with other dates and rows.
    fn make_backups(&self) {
        let operator = Operator::with_folder(&self.source, self.store.path());
        let made = operator.makes();
        let folder = self.store.path().join("postfacto");
        let manifest = std::fs::read(folder.join(&made).join(MANIFEST)).expect("a manifest");
        let manifest = Manifest::decode(&manifest).expect("a manifest");
        for day in 1..=365_u32 {
            // Older ones were deleted, except for one a month.
            if day % 11 != 5 && (day < 40 || day.is_multiple_of(30)) {
                copy(&folder, &manifest, day);
            }
        }
    }
}

fn copy(folder: &Path, manifest: &Manifest, day: u32) {
    let back = SignedDuration::from_hours(24 * i64::from(day));
    let id = BackupId::new(manifest.started - back, day);
    let mut copy = Manifest {
        id: id.clone(),
        started: manifest.started - back,
        finished: manifest.finished - back,
        ..manifest.clone()
    };
    copy.milliseconds.total = 4_000 + u64::from(day * 7919 % 900);
    for table in &mut copy.tables {
        table.rows = u64::from(4_000 - day * 6);
    }
    if day == 9 {
        copy.findings = vec![format!("the rule {} of the table t", hostile())];
    }
    let folder = folder.join(id.as_str());
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join(MANIFEST), copy.encode()).expect("a manifest");
    let data = vec![0; 1_000_000 - 2_000 * day as usize];
    std::fs::write(folder.join("toc.dat"), data).expect("a file");
    if day.is_multiple_of(7) {
        let verified: Timestamp = copy.finished + SignedDuration::from_hours(2);
        let mark = serde_json::json!({
            "verified": verified, "server_version": "15.18", "tables": 9, "rows": 4000,
            "milliseconds": 8421
        });
        std::fs::write(folder.join("verified.json"), mark.to_string()).expect("a mark");
    }
    if day == 14 {
        let hold = serde_json::json!({"reason": hostile(), "since": copy.finished});
        std::fs::write(folder.join("hold.json"), hold.to_string()).expect("a hold");
    }
}

fn schedule() -> String {
    let name = hostile().replace('"', "\\\"");
    format!(
        "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = {{ min = 1, max = 6 }}\n\
         [[target.web.weekly]]\nname = \"{name}\"\ndays = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"18:00\"\nsize = 4\n\
         [target.jobs]\nzone = \"America/New_York\"\nsize = {{ min = 0, max = 2 }}\nbounds = {{ min = 0, max = 8 }}\n\
         [[target.jobs.weekly]]\nname = \"night\"\ndays = \"Mon-Sun\"\nfrom = \"22:00\"\nto = \"05:00\"\n\
         size = {{ min = 2, max = 8 }}\n"
    )
}

/// A year of runs, changes and holds.
fn rows() -> String {
    let hostile = hostile().replace('\'', "''");
    let short: String = self::hostile()
        .chars()
        .filter(|it| *it != '\'')
        .take(90)
        .collect();
    format!(
        "INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at, outcome)
         SELECT 'scale', slot, gen_random_uuid(), slot + interval '40 ms', slot + interval '380 ms',
                'succeeded'
           FROM generate_series(date_trunc('hour', now()) - interval '365 days',
                                now() - interval '25 min', interval '5 min') AS slot;
         INSERT INTO function_run (function, slot, attempt, invocation_id, started_at, finished_at,
                                   outcome, failure, summary)
         SELECT 'postfacto_backup', slot, 2, gen_random_uuid(), slot, slot + interval '4 s', outcome,
                CASE outcome WHEN 'failed' THEN 'postfacto: failed: {hostile}' END,
                jsonb_build_object('sources', jsonb_build_array(jsonb_build_object(
                    'source', 'postfacto', 'text', '', 'ending', outcome)))
           FROM generate_series(date_trunc('day', now()) - interval '365 days' + interval '2 hours',
                                now(), interval '1 day') AS slot,
                LATERAL (SELECT CASE WHEN (now()::date - slot::date) % 11 = 5 THEN 'failed'
                                     ELSE 'succeeded' END AS outcome) AS run
          WHERE (now()::date - slot::date) % 33 <> 5;
         INSERT INTO function_run (function, slot, attempt, invocation_id, started_at, finished_at,
                                   outcome, failure)
         VALUES ('scale', now() - interval '20 min', 3, '{short}', now() - interval '20 min',
                 now() - interval '19 min', 'failed', '{hostile}'),
                ('scale', now() - interval '15 min', 1, 'a call that died', now() - interval '15 min',
                 NULL, NULL, NULL),
                ('scale', now() - interval '10 min', 1, 'a good call', now() - interval '10 min',
                 now() - interval '9 min 58 s', 'succeeded', NULL);
         INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                                   invocation_id, finished_at, outcome)
         SELECT 'web', 'r', at, CASE hour WHEN 7 THEN '1' ELSE '4' END::jsonb,
                CASE hour WHEN 7 THEN '4' ELSE '1' END::jsonb, 'a rule', 'schedule', 'i',
                at + interval '70 s', 'succeeded'
           FROM generate_series(date_trunc('day', now()) - interval '365 days',
                                now() - interval '1 day', interval '1 day') AS day,
                unnest(ARRAY[7, 17]) AS hour,
                LATERAL (SELECT day + hour * interval '1 hour' AS at) AS times
          WHERE extract(isodow FROM day) < 6;
         INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                                   invocation_id, finished_at, outcome)
         VALUES ('web', 'r', date_trunc('day', now()) - interval '2 days 4 hours', '6', '1', 'a rule',
                 'drift', 'i', date_trunc('day', now()) - interval '2 days 1 hours', 'succeeded');
         INSERT INTO scale_hold (target, size, since, until, reason, made_by, released_at)
         SELECT 'web', '2', at, at + interval '1 day', 'an old hold', 'ann', at + interval '9 hours'
           FROM generate_series(now() - interval '365 days', now() - interval '4 days',
                                interval '12 days') AS at;
         INSERT INTO scale_hold (target, size, since, until, reason, made_by)
         VALUES ('web', '5', now() - interval '2 hours', now() + interval '30 hours', '{hostile}',
                 '{short}');
         ANALYZE"
    )
}
