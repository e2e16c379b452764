//! Series of this process.

use super::families::{Families, count, number};
use crate::database::Database;
use crate::item::{BATCHES, Items};
use crate::telemetry::{TIMES, request_durations};
use crate::version;

/// The counters have microseconds.
const MICROSECOND: f64 = 1e-6;

pub(super) fn build(families: &mut Families) {
    let mut build = families.gauges(
        "magnusapi_build_info",
        "The version of the program; always 1.",
    );
    let labels = [("version", version::VERSION), ("commit", version::COMMIT)];
    build.gauge(&labels, 1.0);
}

/// Durations are those until the head of the response.
pub(super) fn requests(families: &mut Families) {
    let mut family = families.histograms(
        "magnusapi_http_request_duration_seconds",
        "Requests by function and status; the status of a client that disconnected is none.",
    );
    for it in request_durations() {
        let status = it
            .status
            .map_or("none".to_owned(), |status| status.to_string());
        let labels = [("function", it.function), ("status", &*status)];
        family.histogram(&labels, &it.durations, &TIMES, MICROSECOND);
    }
}

pub(super) fn items(families: &mut Families, items: &Items) {
    let counts = items.counts();
    families
        .counters(
            "magnusapi_items_created_total",
            "Items that this process created.",
        )
        .counter(&[], number(counts.created));
    families
        .histograms("magnusapi_item_batch_size", "Creations in one statement.")
        .histogram(&[], &counts.batches, &BATCHES, 1.0);
    families
        .gauges(
            "magnusapi_item_queue_depth",
            "Creations that wait for a statement.",
        )
        .gauge(&[], count(counts.waiting));
    families
        .gauges(
            "magnusapi_item_open_streams",
            "Whole listings that are open.",
        )
        .gauge(&[], count(counts.open_streams));
}

pub(super) fn pool(families: &mut Families, database: &Database) {
    let usage = database.pool_use();
    let mut connections = families.gauges(
        "magnusapi_database_pool_connections",
        "Connections of the pool by state; limit is DATABASE_POOL_SIZE.",
    );
    for (state, number) in [
        ("in_use", usage.in_use),
        ("open", usage.open),
        ("limit", usage.limit),
    ] {
        connections.gauge(&[("state", state)], count(number));
    }
    families
        .gauges(
            "magnusapi_database_pool_waiting",
            "Requests that wait for a connection.",
        )
        .gauge(&[], count(usage.waiting));
    families
        .histograms(
            "magnusapi_database_pool_wait_seconds",
            "Time until a request had a connection of the pool, or an error.",
        )
        .histogram(&[], &database.pool_waits(), &TIMES, MICROSECOND);
}
