//! A target's sizes over a period: spans of one rule, changes of size, instance hours.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::decide::{Rule, layers};
use super::hold::Hold;
use super::size::Size;
use super::target::Target;
use super::window::Period;
use super::zone::{Edge, Wall, clock, days_after};

/// A time in which one rule decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span<'a> {
    pub from: Timestamp,
    /// Exclusive.
    pub to: Timestamp,
    /// Within the target's bounds.
    pub size: Size,
    #[serde(flatten)]
    pub rule: Rule<'a>,
    /// The begin on the clock. It shows whether the begin is in a gap or a fold.
    #[serde(skip)]
    pub begins: Edge,
}

/// A change of the size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<'a> {
    pub at: Timestamp,
    /// The time on the target's clocks.
    pub local: DateTime,
    /// The edge that causes the change. It shows whether the edge is in a gap or a fold.
    #[serde(rename = "clocks", skip_serializing_if = "Edge::is_plain")]
    pub edge: Edge,
    pub from: Size,
    pub to: Size,
    /// The rule of the new size.
    #[serde(flatten)]
    pub rule: Rule<'a>,
    /// The duration of the new size; `None` if it ends after the period.
    #[serde(serialize_with = "in_seconds")]
    pub lasts: Option<SignedDuration>,
}

#[expect(clippy::ref_option, reason = "the form of serde")]
fn in_seconds<S: Serializer>(
    duration: &Option<SignedDuration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(|it| it.as_secs()).serialize(serializer)
}

/// Instance hours in a month (UTC), in tenths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// At the least of each size.
    pub least: f64,
    /// At the most of each size.
    pub most: f64,
    /// At the upper bound all the time.
    #[serde(rename = "always_at_maximum")]
    pub at_maximum: f64,
}

/// The sizes of `target` from `from` to just before `to`, without gaps.
pub fn spans<'a>(
    target: &'a Target,
    holds: &'a [Hold],
    from: Timestamp,
    to: Timestamp,
) -> Vec<Span<'a>> {
    let layers = layers(target, holds);
    let mut boundaries: Vec<Boundary> = Vec::new();
    let period = Period::new(&target.zone, from, to);
    for (layer, it) in layers.iter().enumerate() {
        it.visit(&target.zone, period, |occurrence| {
            let both = [(occurrence.begins, 1), (occurrence.ends, -1)];
            boundaries.extend(both.map(|(edge, by)| Boundary { edge, layer, by }));
        });
    }
    boundaries.sort_by_key(|it| it.edge.at);

    let mut in_force = vec![0_i32; layers.len()];
    let mut spans: Vec<Span> = Vec::new();
    let mut next = boundaries.iter().peekable();
    let mut at = from;
    while at < to {
        let mut edge = target.zone.edge_at(at);
        while let Some(boundary) = next.next_if(|it| it.edge.at <= at) {
            in_force[boundary.layer] += boundary.by;
            if boundary.edge.at == at && boundary.edge.kind != Wall::Once {
                edge = boundary.edge;
            }
        }
        let end = next.peek().map_or(to, |it| it.edge.at.min(to));
        let deciding = in_force.iter().position(|count| *count > 0);
        let (size, rule) = deciding.map_or((target.size, Rule::Default), |layer| {
            (layers[layer].size(), layers[layer].rule(&target.zone, at))
        });
        match spans.last_mut() {
            Some(last) if last.rule == rule => last.to = end,
            _ => spans.push(Span {
                from: at,
                to: end,
                size: size.within(target.bounds),
                rule,
                begins: edge,
            }),
        }
        at = end;
    }
    spans
}

/// The begin or the end of an occurrence.
struct Boundary {
    edge: Edge,
    layer: usize,
    /// The change of the number of occurrences in force: 1 or -1.
    by: i32,
}

/// The changes of size between consecutive spans.
pub fn changes<'a>(target: &Target, spans: &[Span<'a>]) -> Vec<Change<'a>> {
    let mut changes: Vec<Change> = Vec::new();
    let mut last_size = None;
    for span in spans {
        let before = last_size.replace(span.size);
        let Some(from) = before.filter(|before| *before != span.size) else {
            continue;
        };
        if let Some(last) = changes.last_mut() {
            last.lasts = Some(span.from.duration_since(last.at));
        }
        changes.push(Change {
            at: span.from,
            local: target.zone.wall(span.from),
            edge: span.begins,
            from,
            to: span.size,
            rule: span.rule,
            lasts: None,
        });
    }
    changes
}

/// Instance hours by month (UTC), which is keyed by its first day.
pub fn usage(target: &Target, spans: &[Span]) -> BTreeMap<Date, Usage> {
    let mut months: BTreeMap<Date, Usage> = BTreeMap::new();
    for span in spans {
        let mut from = span.from;
        while from < span.to {
            let month = TimeZone::UTC.to_datetime(from).date().first_of_month();
            let to = end_of_month(month).min(span.to);
            let hours = to.duration_since(from).as_secs_f64() / 3600.0;
            let sum = months.entry(month).or_default();
            sum.least += hours * f64::from(span.size.least());
            sum.most += hours * f64::from(span.size.most());
            sum.at_maximum += hours * f64::from(target.bounds.max);
            from = to;
        }
    }
    for sum in months.values_mut() {
        for hours in [&mut sum.least, &mut sum.most, &mut sum.at_maximum] {
            *hours = (*hours * 10.0).round() / 10.0;
        }
    }
    months
}

fn end_of_month(first: Date) -> Timestamp {
    let next = days_after(first.last_of_month(), 1);
    let midnight = TimeZone::UTC.to_timestamp(clock(next, 0));
    midnight.expect("a plan stays within the years of jiff")
}
