//! Cases in which this host does something else than the real one, and why.

use std::collections::BTreeMap;

/// Exchanges that are always different.
pub(crate) const EXCHANGES: [(&str, &str); 5] = [
    (
        "a-header-30k",
        "The recording of the response is cut, so there is nothing to compare.",
    ),
    (
        "k-h2-preface",
        "HTTP/2 is missing: no client of the project speaks it without TLS.",
    ),
    (
        "p-homepage",
        "The real page is 150 kB of HTML. No program reads it.",
    ),
    ("p-homepage-head", "The same page."),
    (
        "p-noout",
        "JSON payload mode is missing: the app does not use it, and `doctor` refuses it.",
    ),
];

/// Exchanges that are different or not, whichever of two events comes first.
pub(crate) const RACES: [(&str, &str); 3] = [
    (
        "a-length-long-close",
        "The response breaks off. The real host had sent nothing of it yet.",
    ),
    (
        "c-shut-after",
        "The client closes its side at once. The real host had not sent the request yet.",
    ),
    (
        "h-bad-chunk",
        "The bad chunk comes with the head. The real host had sent the head on by then.",
    ),
];

/// Exchanges that the recordings describe in words, and that are always different.
pub(crate) const DESCRIBED: [(&str, &str); 1] = [(
    "bad-route",
    "A fault that stops the whole app is an error of the start. The real host responds with 503.",
)];

/// Scenarios that always end in another way.
pub(crate) const SCENARIOS: [(&str, &str); 4] = [
    ("exit0-at-once", EXIT_0),
    ("exit0-after-serving", EXIT_0),
    ("exit0-then-timers", EXIT_0),
    (
        "child",
        "Rust resets SIGPIPE in a child; the real host leaves it and SIGXFSZ ignored. The program \
         sets what it needs.",
    ),
];
const EXIT_0: &str = "Hosts since January 2026 start the handler again. 4.1037 keeps it dead.";

/// Scenarios that are not played.
pub(crate) const UNPLAYED: [(&str, &str); 9] = [
    ("storage-late", STORAGE),
    ("storage-lost", STORAGE),
    ("storage-outage", STORAGE),
    ("two-hosts-sigterm-b", STORAGE),
    ("two-hosts-kill9-b", STORAGE),
    ("restart-at-once-kill9", STORAGE),
    (
        "schedules",
        "It takes six minutes. `timers.jsonl` has its requests.",
    ),
    (
        "with-application-insights",
        "Application Insights is missing, and `traceparent` with it.",
    ),
    ("package", "The program's own tests run it on this host."),
];
const STORAGE: &str = "There is no storage account, and so neither a lease nor a takeover.";

/// Fails where a difference is not `listed`, or a listed one is gone. Those of `races` may be there or
/// not.
pub(crate) fn compare(
    found: Vec<(String, String)>,
    listed: &[(&'static str, &'static str)],
    races: &[(&str, &str)],
) {
    let mut gone: BTreeMap<&str, &str> = listed.iter().copied().collect();
    let mut unlisted = Vec::new();
    for (name, difference) in found {
        gone.remove(name.as_str());
        let is_listed = listed
            .iter()
            .chain(races)
            .any(|(listed, _)| *listed == name);
        if !is_listed {
            unlisted.push(format!("{name}: {difference}"));
        }
    }
    let count = unlisted.len();
    assert!(
        count == 0,
        "{count} unlisted differences:\n{}",
        unlisted.join("\n")
    );
    assert!(gone.is_empty(), "no longer different: {gone:?}");
}
