//! Aims, compared with the measured figures.

use crate::spread::{Spread, cell};
use crate::table::Table;

/// A ratio or a figure, and the bound that it should keep.
pub(crate) struct Aim {
    what: String,
    bound: Bound,
    measured: Option<Spread>,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    /// The median should be this or more.
    pub(crate) fn at_least(what: impl Into<String>, bound: f64, measured: Option<Spread>) -> Aim {
        Aim {
            what: what.into(),
            bound: Bound::AtLeast(bound),
            measured,
        }
    }

    /// The median should be this or less.
    pub(crate) fn at_most(what: impl Into<String>, bound: f64, measured: Option<Spread>) -> Aim {
        Aim {
            what: what.into(),
            bound: Bound::AtMost(bound),
            measured,
        }
    }

    fn verdict(&self) -> &'static str {
        let Some(measured) = self.measured else {
            return "not measured";
        };
        let met = match self.bound {
            Bound::AtLeast(bound) => measured.median >= bound,
            Bound::AtMost(bound) => measured.median <= bound,
        };
        if met { "met" } else { "**missed**" }
    }
}

pub(crate) fn table(aims: &[Aim]) -> String {
    let mut table = Table::new(1, &["aim", "wanted", "measured", "verdict"]);
    for aim in aims {
        let wanted = match aim.bound {
            Bound::AtLeast(bound) => format!("≥ {bound}"),
            Bound::AtMost(bound) => format!("≤ {bound}"),
        };
        table.row([
            aim.what.clone(),
            wanted,
            cell(aim.measured, 2),
            aim.verdict().to_owned(),
        ]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_missed_or_not_measured() {
        let measured = Spread::of([2.0]);
        assert_eq!(Aim::at_least("", 2.0, measured).verdict(), "met");
        assert_eq!(Aim::at_most("", 1.5, measured).verdict(), "**missed**");
        assert_eq!(Aim::at_most("", 1.5, None).verdict(), "not measured");
    }
}
