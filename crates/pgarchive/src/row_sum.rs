//! A checksum of a table's rows that does not depend on their order.
//!
//! It is the sum, modulo 2^128, of the XXH3-128 of each row's line as COPY writes it in text, with
//! the newline that ends it: the bytes that the server sends for a row. A database returns its rows in
//! any order, and a table can contain a row twice, which XOR would cancel out.
//!
//! The sum finds accidents. It does not stop an attacker: the SHA-256 of the files and the protection of
//! the manifest do.

use std::fmt;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Its text has 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSum(u128);

impl RowSum {
    /// Adds a row: its line in COPY text with the newline.
    pub fn add(&mut self, line: &[u8]) {
        self.add_hash(xxh3_128(line));
    }

    /// Adds the rows of another sum.
    pub fn add_all(&mut self, other: RowSum) {
        self.add_hash(other.0);
    }

    fn add_hash(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }
}

impl fmt::Display for RowSum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// Counts and sums rows, in pieces of any size and constant memory.
#[derive(Default)]
pub struct Rows {
    count: u64,
    sum: RowSum,
    /// The row that has begun and not ended.
    begun: Option<Box<Xxh3>>,
}

impl Rows {
    /// Adds a whole row, or the last part of one.
    pub fn end(&mut self, line: &[u8]) {
        self.count += 1;
        match self.begun.take() {
            None => self.sum.add(line),
            Some(mut begun) => {
                begun.update(line);
                self.sum.add_hash(begun.digest128());
            }
        }
    }

    /// Adds a part of a row that does not end with it.
    pub fn part(&mut self, part: &[u8]) {
        self.begun.get_or_insert_default().update(part);
    }

    /// Adds COPY text, which may begin and end anywhere in a row. In it a newline always ends a
    /// row: the one inside a value is written as `\n`.
    pub fn text(&mut self, text: &[u8]) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if line.ends_with(b"\n") {
                self.end(line);
            } else {
                self.part(line);
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number of rows, and their sum. A row that has not ended counts as one.
    pub fn finish(mut self) -> (u64, RowSum) {
        if self.begun.is_some() {
            self.end(b"");
        }
        (self.count, self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn sum(lines: &[&str]) -> RowSum {
        let mut sum = RowSum::default();
        for line in lines {
            sum.add(line.as_bytes());
        }
        sum
    }

    #[test]
    fn a_sum_depends_on_the_rows_and_not_on_their_order() {
        let rows = sum(&["1\tone\n", "2\ttwo\n", "2\ttwo\n"]);
        assert_eq!(rows, sum(&["2\ttwo\n", "1\tone\n", "2\ttwo\n"]));
        assert_ne!(rows, sum(&["1\tone\n", "2\ttwo\n"]));
        assert_ne!(rows, sum(&["1\tone\n", "2\ttwo\n", "2\ttwO\n"]));
        assert_ne!(rows, sum(&["1\tone\n"]));
        assert_ne!(sum(&["\n"]), RowSum::default());
    }

    /// XXH3-128 of nothing with seed 0, from the algorithm's own test vectors.
    #[test]
    fn a_sum_is_that_of_xxh3_in_32_digits() {
        assert_eq!(RowSum::default().to_string(), "0".repeat(32));
        assert_eq!(sum(&[""]).to_string(), "99aa06d3014798d86001c324468d497f");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_can_be_cut_anywhere(
            lines in vec("[a-z]{0,300}", 0..8),
            cuts in vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut expected = RowSum::default();
            let mut text = Vec::new();
            for line in &lines {
                expected.add(format!("{line}\n").as_bytes());
                text.extend_from_slice(format!("{line}\n").as_bytes());
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut rows = Rows::default();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                rows.text(&text[from..cut]);
                from = cut;
            }
            prop_assert_eq!(rows.finish(), (lines.len() as u64, expected));
        }
    }

    #[test]
    fn a_row_without_a_newline_counts_and_differs() {
        let mut rows = Rows::default();
        rows.text(b"1\n2");
        let (count, found) = rows.finish();
        assert_eq!(count, 2);
        assert_ne!(found, sum(&["1\n", "2\n"]));
    }
}
