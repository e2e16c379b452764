//! A strict reader of the text of a response.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::harness::Response;

/// The series of a response: values by name and labels.
pub(crate) struct Series(pub(super) BTreeMap<(String, BTreeMap<String, String>), f64>);

impl Series {
    /// Reads the text of a response strictly: each family has one HELP and one TYPE before its samples, names
    /// follow the conventions, no series occurs twice, and buckets are cumulative.
    #[track_caller]
    pub(crate) fn of(response: &Response) -> Series {
        assert_eq!(response.status, 200, "{response:?}");
        let media_type = response.header("content-type");
        assert!(
            media_type.starts_with("text/plain; version=0.0.4"),
            "{media_type}"
        );
        let text = text(response);
        assert!(text.ends_with('\n'), "the last line has no end");
        let sample = Regex::new(r"^([a-z][a-z0-9_]*)(?:\{(.*)\})? (\S+)$").expect("a pattern");
        let label =
            Regex::new(r#"([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)"#).expect("a pattern");
        let (mut helped, mut kinds) = (BTreeSet::new(), BTreeMap::new());
        let mut series = BTreeMap::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect("a text");
                assert!(
                    help.ends_with('.') && helped.insert(name.to_owned()),
                    "{line}"
                );
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a type");
                assert!(helped.contains(name), "{line}");
                assert!(
                    kinds.insert(name.to_owned(), kind.to_owned()).is_none(),
                    "{line}"
                );
                name.clone_into(&mut family);
            } else {
                let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
                let (name, labels) = (&parts[1], parts.get(2).map_or("", |it| it.as_str()));
                assert_belongs(name, &family, &kinds[&family]);
                let read = label.captures_iter(labels);
                let read: BTreeMap<String, String> = read
                    .map(|it| (it[1].to_owned(), it[2].to_owned()))
                    .collect();
                let length: usize = label.find_iter(labels).map(|it| it.len()).sum();
                assert_eq!(length, labels.len(), "{line}");
                let value = parts[3].parse().unwrap_or_else(|_| panic!("{line}"));
                let before = series.insert((name.to_owned(), read), value);
                assert_eq!(before, None, "{line}");
            }
        }
        let series = Series(series);
        series.assert_buckets_are_cumulative();
        series
    }

    /// The value of the series with these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.0.get(&(name.to_owned(), labels.collect())).copied()
    }

    /// The names of series.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|(name, _)| name.as_str()).collect()
    }

    fn assert_buckets_are_cumulative(&self) {
        let buckets = self
            .0
            .iter()
            .filter(|((name, _), _)| name.ends_with("_bucket"));
        let mut histograms: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in buckets {
            let mut others = labels.clone();
            let bound = others.remove("le").expect("a bucket has a bound");
            let bound = bound.replace("+Inf", "inf").parse().expect("a number");
            let name = name.trim_end_matches("_bucket").to_owned();
            histograms
                .entry((name, others))
                .or_default()
                .push((bound, *value));
        }
        assert!(!histograms.is_empty());
        for ((name, labels), mut buckets) in histograms {
            buckets.sort_by(|one, two| one.0.total_cmp(&two.0));
            assert!(
                buckets.is_sorted_by(|one, two| one.1 <= two.1),
                "{name} {buckets:?}"
            );
            let count = self.0[&(format!("{name}_count"), labels)];
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
        }
    }
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).expect("it is UTF-8")
}

#[track_caller]
fn assert_belongs(name: &str, family: &str, kind: &str) {
    assert!(family.starts_with("magnusapi_"), "{family}");
    assert_eq!(family.ends_with("_total"), kind == "counter", "{family}");
    let is_of_it = match kind {
        "histogram" => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(family)),
        _ => name == family,
    };
    assert!(is_of_it, "{name} is not of the {kind} {family}");
}
