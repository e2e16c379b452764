//! The result of a run under load, from any load generator.

use std::time::Duration;

use crate::spread::quantile;

/// A run's count, time and latencies.
pub(crate) struct Outcome {
    requests: f64,
    elapsed: Duration,
    /// Microseconds, sorted.
    latencies: Vec<u32>,
    /// Processor time of the load generator.
    driver: Duration,
}

impl Outcome {
    /// From each request's latency in microseconds, in any order.
    pub(crate) fn new(mut latencies: Vec<u32>, elapsed: Duration, driver: Duration) -> Outcome {
        latencies.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "requests of some seconds")]
        let requests = latencies.len() as f64;
        Outcome {
            requests,
            elapsed,
            latencies,
            driver,
        }
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests / self.elapsed.as_secs_f64()
    }

    /// Microseconds of this time for each request.
    pub(crate) fn share(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.requests
    }

    /// Milliseconds within which this part of the requests had its response.
    pub(crate) fn latency(&self, part: f64) -> f64 {
        f64::from(quantile(&self.latencies, part)) / 1000.0
    }

    /// The part of one core that the load generator used.
    pub(crate) fn driver_share(&self) -> f64 {
        self.driver.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}
