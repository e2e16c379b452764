//! The median of the figures of some rounds, with the lowest and the highest.

/// Median, lowest and highest of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Spread {
    /// `None` without figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Some(Spread {
            median,
            lowest,
            highest,
        })
    }

    /// The first divided by the second in each round, which cancels effects on both.
    pub(crate) fn ratio(dividends: &[f64], divisors: &[f64]) -> Option<Spread> {
        Spread::of(
            dividends
                .iter()
                .zip(divisors)
                .map(|(one, other)| one / other),
        )
    }

    /// `median (lowest–highest)`, each with this number of digits after the point.
    pub(crate) fn shown(&self, digits: usize) -> String {
        let Spread {
            median,
            lowest,
            highest,
        } = *self;
        format!("{median:.digits$} ({lowest:.digits$}–{highest:.digits$})")
    }
}

/// A cell for the figures of some rounds.
pub(crate) fn shown(figures: &[f64], digits: usize) -> String {
    cell(Spread::of(figures.iter().copied()), digits)
}

/// A cell for a spread that may be missing.
pub(crate) fn cell(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| spread.shown(digits))
}

/// The value below which this part of the sorted values is; 0 without values.
pub(crate) fn quantile(sorted: &[u32], part: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a list of less than 2^32 values"
    )]
    let place = (sorted.len() as f64 * part) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_an_even_number_is_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).expect("there are some");
        assert_eq!(spread.shown(1), "2.5 (1.0–4.0)");
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let ratio = Spread::ratio(&[10.0, 4.0], &[5.0, 2.0]).expect("there are some");
        assert_eq!(ratio.shown(0), "2 (2–2)");
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let sorted: Vec<u32> = (1..=100).collect();
        assert_eq!(quantile(&sorted, 0.5), 51);
        assert_eq!(quantile(&sorted, 0.99), 100);
        assert_eq!(quantile(&[7], 0.99), 7);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
