//! Load for the benchmarks: requests over loopback, counted and timed

fn main() {}
