//! All findings as one report, kept for a few seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Check, Finding, Status};
use crate::version;

/// How long is a report good for? Short enough for the quickest probe to see a change, long enough
/// that a hundred probes cost one query.
const KEPT: Duration = Duration::from_secs(3);

/// The checks there are. Clones share them and the last report.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    checks: Vec<Arc<dyn Check>>,
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

/// What `/health` says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The worst of all findings.
    pub status: Status,
    /// This program's version.
    pub version: &'static str,
    /// The git commit it was built from.
    pub release_id: &'static str,
    /// What serves here.
    pub service_id: &'static str,
    /// The findings by their keys.
    pub checks: BTreeMap<&'static str, Vec<Finding>>,
}

impl Health {
    /// These checks.
    pub fn new(checks: Vec<Arc<dyn Check>>) -> Health {
        Health {
            shared: Arc::new(Shared {
                checks,
                last: Mutex::new(None),
            }),
        }
    }

    /// The last report if it is young, else a new one. Whoever asks while one is made waits for
    /// that one.
    pub async fn report(&self) -> Arc<Report> {
        let mut last = self.shared.last.lock().await;
        if let Some((made, report)) = &*last
            && made.elapsed() < KEPT
        {
            return report.clone();
        }
        let findings = join_all(self.shared.checks.iter().map(|check| check.look())).await;
        let report = Arc::new(Report::of(findings.into_iter().flatten()));
        *last = Some((Instant::now(), report.clone()));
        report
    }
}

impl Report {
    fn of(findings: impl Iterator<Item = Finding>) -> Report {
        let mut report = Report {
            status: Status::Ok,
            version: version::VERSION,
            release_id: version::COMMIT,
            service_id: "magnusapi",
            checks: BTreeMap::new(),
        };
        findings.for_each(|finding| report.add(finding));
        report
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.status = self.status.max(finding.status);
        self.checks.entry(finding.key).or_default().push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_as_bad_as_its_worst_finding() {
        let finding = |key, status| Finding {
            key,
            component_id: None,
            component_type: "component",
            observed_value: 1.into(),
            observed_unit: None,
            status,
            output: None,
        };
        let report = Report::of(
            [
                finding("a:x", Status::Ok),
                finding("b:x", Status::Warn),
                finding("a:x", Status::Ok),
            ]
            .into_iter(),
        );
        assert_eq!(report.status, Status::Warn);
        assert_eq!(report.checks["a:x"].len(), 2);
        assert_eq!(Report::of(std::iter::empty()).status, Status::Ok);
    }
}
