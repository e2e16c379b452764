//! A target's sizes over a time: stretches of one rule, changes of size, hours of instances.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::decide::{Rule, layers};
use super::hold::Hold;
use super::size::Size;
use super::target::Target;
use super::window::{Occurrence, Stretch};
use super::zone::{Edge, Wall};

/// A stretch of time in which one rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// From.
    pub from: Timestamp,
    /// To just before.
    pub to: Timestamp,
    /// The size, within the target's bounds.
    pub size: Size,
    /// What decides it.
    pub rule: Rule<'a>,
    /// What its begin is on the clock: an edge in a gap or a fold is told.
    pub begins: Edge,
}

/// A change of the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// When.
    pub at: Timestamp,
    /// What the target's clocks show then.
    pub local: DateTime,
    /// The time on the clock that brought it here, where that is shown never or twice.
    pub edge: Edge,
    /// The size before.
    pub from: Size,
    /// The size from then on.
    pub to: Size,
    /// What causes it.
    pub rule: Rule<'a>,
    /// How long the new size stays; none where that is past the end of what was asked.
    pub lasts: Option<SignedDuration>,
}

/// Hours of instances in a month (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// At the least that the schedule allows.
    pub least: f64,
    /// At the most.
    pub most: f64,
    /// At the upper bound all the time.
    pub at_maximum: f64,
}

/// The sizes of `target` from `from` to just before `to`, without a hole.
pub fn spans<'a>(
    target: &'a Target,
    holds: &'a [Hold],
    from: Timestamp,
    to: Timestamp,
) -> Vec<Span<'a>> {
    let layers = layers(target, holds);
    let mut flips: Vec<Flip> = Vec::new();
    let stretch = Stretch::new(&target.zone, from, to);
    for (layer, it) in layers.iter().enumerate() {
        it.visit(&target.zone, stretch, |occurrence| {
            flips.extend(Flip::both(layer, occurrence));
        });
    }
    flips.sort_by_key(|flip| flip.edge.at);

    let mut in_force = vec![0_i32; layers.len()];
    let mut spans: Vec<Span> = Vec::new();
    let mut next = flips.iter().peekable();
    let mut at = from;
    while at < to {
        let mut edge = target.zone.edge_at(at);
        while let Some(flip) = next.next_if(|flip| flip.edge.at <= at) {
            in_force[flip.layer] += flip.by;
            if flip.edge.at == at && flip.edge.kind != Wall::Once {
                edge = flip.edge;
            }
        }
        let end = next.peek().map_or(to, |flip| flip.edge.at.min(to));
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

/// An occurrence begins or ends.
struct Flip {
    edge: Edge,
    layer: usize,
    by: i32,
}

impl Flip {
    fn both(layer: usize, occurrence: Occurrence) -> [Flip; 2] {
        let Occurrence { begins, ends } = occurrence;
        [(begins, 1), (ends, -1)].map(|(edge, by)| Flip { edge, layer, by })
    }
}

/// The changes of size among spans that follow each other.
pub fn changes<'a>(target: &Target, spans: &[Span<'a>]) -> Vec<Change<'a>> {
    let mut changes: Vec<Change> = Vec::new();
    let mut stands = None;
    for span in spans {
        let before = stands.replace(span.size);
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

/// Hours of instances by month of UTC, by the first day of each.
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
    months
}

fn end_of_month(first: Date) -> Timestamp {
    let next = super::zone::days_after(first.last_of_month(), 1);
    let midnight = TimeZone::UTC.to_timestamp(super::zone::midnight(next));
    midnight.expect("the years that are allowed lie well inside of jiff's")
}
