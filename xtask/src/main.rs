//! What a developer types: start, test, package, bench

fn main() {}
