//! Copies beside those of the standard library, with every length, alignment and overlap.
#![cfg(target_arch = "x86_64")]

use proptest::prelude::*;

/// Longer than the longest copy that is not a loop, by some lines.
const LENGTHS: usize = 600;

/// Bytes before and after the ranges, which must stay.
const GUARD: usize = 128;

fn numbered(length: usize) -> Vec<u8> {
    // 251 is a prime: no two bytes of a line or of a power of two are the same.
    (0..251).cycle().take(length).collect()
}

/// Copies within one buffer, and requires what `copy_within` makes of it.
fn assert_copied(buffer: &mut [u8], to: usize, from: usize, length: usize) {
    let mut expected = buffer.to_vec();
    expected.copy_within(from..from + length, to);
    let start = buffer.as_mut_ptr();
    // SAFETY: both ranges are within the buffer.
    unsafe { memcpy::copy(start.add(to), start.add(from), length) };
    assert!(
        buffer == expected,
        "{length} bytes from {from} to {to} differ"
    );
}

#[test]
fn every_length_and_alignment_is_copied() {
    let second = GUARD + LENGTHS + GUARD;
    let original = numbered(second + LENGTHS + GUARD);
    for length in 0..LENGTHS - 32 {
        for (to, from) in (0..32).map(|offset| (offset * 7 % 32, offset)) {
            let mut buffer = original.clone();
            assert_copied(&mut buffer, second + to, GUARD + from, length);
            assert_copied(&mut buffer, GUARD + from, second + to, length);
        }
    }
}

#[test]
fn every_overlap_is_copied() {
    let original = numbered(GUARD + 3 * LENGTHS + GUARD);
    let from = GUARD + LENGTHS;
    for length in [
        1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, 191, 192, 193, 256, 257, 449,
    ] {
        for to in from - length - 1..=from + length + 1 {
            assert_copied(&mut original.clone(), to, from, length);
        }
    }
}

proptest! {
    #[test]
    fn long_ranges_are_copied(length in 0..200_000_usize, to in 0..4096_usize, from in 0..4096_usize) {
        let mut buffer = numbered(length + 4096);
        assert_copied(&mut buffer, to, from, length);
    }
}
