//! All findings as one report, which is cached for a few seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Check, Finding, Status};
use crate::version;

/// Lifetime of a report: short enough for the fastest probe to see a change, long enough for a hundred probes
/// to share one query.
const CACHED: Duration = Duration::from_secs(3);

/// All checks. Clones share them and the last report.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    checks: Vec<Arc<dyn Check>>,
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

/// The body of `/health`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The worst of all findings.
    pub status: Status,
    pub version: &'static str,
    /// The git commit.
    pub release_id: &'static str,
    pub service_id: &'static str,
    /// The findings by key.
    pub checks: BTreeMap<&'static str, Vec<Finding>>,
}

impl Health {
    pub fn new(checks: Vec<Arc<dyn Check>>) -> Health {
        Health {
            shared: Arc::new(Shared {
                checks,
                last: Mutex::new(None),
            }),
        }
    }

    /// The cached report, or a new one. Callers wait while another caller makes one.
    pub async fn report(&self) -> Arc<Report> {
        let mut last = self.shared.last.lock().await;
        if let Some((made, report)) = &*last
            && made.elapsed() < CACHED
        {
            return report.clone();
        }
        let report = self.shared.check().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    /// A new report.
    pub async fn fresh(&self) -> Arc<Report> {
        self.shared.check().await
    }
}

impl Shared {
    async fn check(&self) -> Arc<Report> {
        let findings = join_all(self.checks.iter().map(|check| check.check())).await;
        Arc::new(Report::new(findings.into_iter().flatten()))
    }
}

impl Report {
    fn new(findings: impl Iterator<Item = Finding>) -> Report {
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
            status,
            ..Finding::new(key, 1)
        };
        let report = Report::new(
            [
                finding("a:x", Status::Ok),
                finding("b:x", Status::Warn),
                finding("a:x", Status::Ok),
            ]
            .into_iter(),
        );
        assert_eq!(report.status, Status::Warn);
        assert_eq!(report.checks["a:x"].len(), 2);
        assert_eq!(Report::new(std::iter::empty()).status, Status::Ok);
    }
}
