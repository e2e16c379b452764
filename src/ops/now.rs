//! The panel *Now*: the overall state, and each health check.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use futures_util::FutureExt;
use serde_json::Value;

use super::panel::{self, Panel};
use crate::health::{Finding, Health, Report, Status};

#[derive(Template)]
#[template(path = "ops/now.html")]
pub(super) struct Now {
    report: Panel<Arc<Report>>,
}

impl HtmlSafe for Now {}

impl Now {
    pub(super) async fn read(health: &Health) -> Now {
        let report = health.report().map(Ok::<_, Infallible>).boxed();
        Now {
            report: panel::read("the health report", report).await,
        }
    }

    /// The overall state: the name of its style.
    pub(super) fn state(&self) -> &'static str {
        self.report.as_ref().map_or("fail", |it| it.status.as_str())
    }

    /// The overall state in words.
    pub(super) fn summary(&self) -> String {
        let Ok(report) = &self.report else {
            return "The state is unknown".to_owned();
        };
        let count = |status| self.of(status).len();
        match report.status {
            Status::Ok => "All checks pass".to_owned(),
            Status::Warn => {
                counted(count(Status::Warn), "check needs", "checks need") + " attention"
            }
            Status::Fail => counted(count(Status::Fail), "check fails", "checks fail"),
        }
    }

    /// The findings of this status.
    fn of(&self, status: Status) -> Vec<&Finding> {
        let checks = self
            .report
            .iter()
            .flat_map(|it| it.checks.values().flatten());
        checks.filter(|finding| finding.status == status).collect()
    }

    /// The findings that need an operator, the worst first.
    fn problems(&self) -> Vec<&Finding> {
        let mut problems = self.of(Status::Fail);
        problems.extend(self.of(Status::Warn));
        problems
    }

    fn good(&self) -> Vec<&Finding> {
        self.of(Status::Ok)
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The measurement of a finding for people.
fn observed(finding: &Finding) -> String {
    let value = match &finding.observed_value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let texts = members.values().filter_map(Value::as_str);
            texts.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match finding.observed_unit {
        Some(unit) => format!("{value} {unit}"),
        None => value,
    }
}
