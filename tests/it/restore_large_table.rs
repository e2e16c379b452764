//! A table that is large enough for several sessions to load and compare at once, through the program.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Operator, Process, Site, eventually, everywhere};

/// Some 35 MB of COPY text with a value of 17 MB in the middle of it.
const LARGE: &str = r"
    CREATE TABLE public.shared_load (id bigint PRIMARY KEY, note text);
    INSERT INTO public.shared_load
        SELECT n, CASE n WHEN 70000 THEN repeat(md5('long') || E'\n', 500000)
                         ELSE repeat(md5(n::text) || E'\t\\', 3) || n END
          FROM generate_series(1, 140000) AS n";

/// A sum of all rows that does not depend on their order, and whether one session loaded them.
const ROWS: &str = "\
    SELECT sum(hashtextextended(id || note, 0))::text, count(*), count(DISTINCT xmin::text) = 1
      FROM public.shared_load";

/// The peak memory of a process, in KiB, until it ends.
async fn peak(process: &Process) -> u64 {
    let status = format!("/proc/{}/status", process.pid());
    let mut peak = 0;
    eventually("the end of the restore", || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(found.unwrap_or_default());
        async move { found.is_none().then_some(()) }
    })
    .await;
    peak
}

#[test]
fn several_sessions_restore_a_large_table_and_a_killed_restore_can_run_again() {
    everywhere(async |site| {
        let source = site.filled(LARGE).await;
        let client = source.connect().await;
        let expected = client.query_one(ROWS, &[]).await.expect("rows");
        let store: TempDir = tempfile::tempdir().expect("a folder");
        let folder: &Path = store.path();
        let operator = Operator::with_folder(&source, folder);
        operator.makes();

        let target = format!("large {}", Site::fresh_name());
        let to = site.url(&target);
        let restore = ["restore", "latest", "--jobs", "3", "--to", to.as_str()];
        let killed = operator.begins(&restore);
        let superuser = site.superuser().await;
        eventually("two sessions that load the table", || async {
            let loading = "SELECT FROM pg_stat_activity
                            WHERE application_name = 'magnusapi' AND datname LIKE 'magnusapi_%'
                              AND usename = $1
                              AND query LIKE 'COPY \"public\".\"shared_load\" %FROM STDIN%'";
            let loading = superuser.query(loading, &[&site.role]).await;
            let loading = loading.expect("sessions");
            (loading.len() > 1).then_some(())
        })
        .await;
        killed.kill();
        assert_eq!(site.databases_like(&target).await, [""; 0]);

        let restoring = operator.begins(&restore);
        let peak = peak(&restoring).await;
        assert!(restoring.ended().success());
        assert!(peak < 64 * 1024, "{peak} KiB");
        let client = site.connect(&target).await;
        let found = client.query_one(ROWS, &[]).await.expect("rows");
        assert_eq!(found.get::<_, &str>(0), expected.get::<_, &str>(0));
        assert_eq!(found.get::<_, i64>(1), expected.get::<_, i64>(1));
        assert!(!found.get::<_, bool>(2), "several sessions loaded it");
    });
}
