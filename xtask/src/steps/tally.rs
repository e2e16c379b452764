//! The number of passed and failed tests, from the output of `cargo test`.

use std::io::{BufRead, Write};

/// The tests of any number of test programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Copies `input` to `output` line by line and sums its `test result:` lines.
    pub(super) fn read(input: impl BufRead, output: &mut impl Write) -> std::io::Result<Self> {
        let mut tally = Self::default();
        for line in input.split(b'\n') {
            let line = line?;
            output.write_all(&line)?;
            output.write_all(b"\n")?;
            tally.add(&String::from_utf8_lossy(&line));
        }
        Ok(tally)
    }

    /// `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
the item said: test result: ok. 100 passed; 0 failed
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn result_lines_are_summed_and_every_line_is_copied() {
        let mut shown = Vec::new();
        let tally = Tally::read(OUTPUT.as_bytes(), &mut shown).unwrap();
        assert_eq!(
            tally,
            Tally {
                passed: 5,
                failed: 1
            }
        );
        assert_eq!(String::from_utf8(shown).unwrap(), OUTPUT);
    }

    #[test]
    fn output_without_tests_counts_nothing() {
        let tally = Tally::read(&b"error: could not compile"[..], &mut Vec::new()).unwrap();
        assert_eq!(tally, Tally::default());
    }
}
