//! A histogram of atomic counters: recording takes no lock and allocates nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// The upper bounds of a histogram's buckets, without infinity.
pub type Bounds = [u64; BOUNDS];

/// Bounds of a histogram.
const BOUNDS: usize = 14;

/// Bounds for times, in microseconds. The second from which on a request is slow is one of them.
pub const TIMES: Bounds = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];

/// The counters of values between bounds. All of its bytes are zero at first, so that static ones take no place
/// in the program's file.
pub struct Histogram {
    counts: [AtomicU64; BOUNDS + 1],
    sum: AtomicU64,
}

/// The values of a histogram at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// The number of values in each bucket, the last of which has no upper bound.
    pub counts: [u64; BOUNDS + 1],
    pub sum: u64,
}

impl Histogram {
    pub const fn new() -> Histogram {
        Histogram {
            counts: [const { AtomicU64::new(0) }; BOUNDS + 1],
            sum: AtomicU64::new(0),
        }
    }

    pub fn record(&self, bounds: &Bounds, value: u64) {
        let bucket = bounds.iter().take_while(|bound| value > **bound).count();
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub fn read(&self) -> Distribution {
        Distribution {
            counts: self.counts.each_ref().map(|it| it.load(Ordering::Relaxed)),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

impl Distribution {
    /// The number of all values.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The number of values up to a bound of the histogram.
    pub fn up_to(&self, bounds: &Bounds, bound: u64) -> u64 {
        let buckets = bounds.iter().zip(self.counts);
        let up_to = buckets.filter(|(upper, _)| **upper <= bound);
        up_to.map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bucket_whose_upper_bound_it_does_not_exceed() {
        let histogram = Histogram::new();
        for value in [0, 1_000, 1_001, 30_000_001] {
            histogram.record(&TIMES, value);
        }
        let read = histogram.read();
        assert_eq!((read.counts[0], read.counts[1], read.counts[14]), (2, 1, 1));
        assert_eq!((read.count(), read.sum), (4, 30_002_002));
        assert_eq!(read.up_to(&TIMES, 2_500), 3);
    }
}
