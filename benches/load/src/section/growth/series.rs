//! One series: figures at several sizes.

use super::plot;
use crate::table::Table;

/// A column of figures.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// After the point, in the table.
    pub(super) digits: usize,
    /// Whether the plot has a line for it: then its unit is that of the others.
    pub(super) is_plotted: bool,
}

pub(in crate::section) struct Series {
    /// The name of its part of the document, and of its picture.
    pub(in crate::section) name: &'static str,
    /// The unit of the sizes.
    pub(super) size: &'static str,
    /// The unit of the plotted columns.
    pub(super) unit: &'static str,
    pub(super) columns: &'static [Column],
    /// Of each size its figures, as many as columns; `None` for a failure.
    pub(super) rows: Vec<(u32, Vec<Option<f64>>)>,
    /// Failures, and sizes that were not measured.
    pub(super) notes: Vec<String>,
}

impl Column {
    pub(super) const fn plotted(name: &'static str, digits: usize) -> Column {
        Column {
            name,
            digits,
            is_plotted: true,
        }
    }

    /// One that is in the table alone.
    pub(super) const fn tabled(name: &'static str, digits: usize) -> Column {
        Column {
            name,
            digits,
            is_plotted: false,
        }
    }
}

impl Series {
    pub(super) fn new(
        name: &'static str,
        size: &'static str,
        unit: &'static str,
        columns: &'static [Column],
    ) -> Series {
        Series {
            name,
            size,
            unit,
            columns,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The figure, or a note with the first line of a program's error. The command has folders of this machine.
    pub(super) fn figure(
        &mut self,
        size: u32,
        what: &str,
        measured: anyhow::Result<f64>,
    ) -> Option<f64> {
        let failed = |error: anyhow::Error| {
            let reason = error.root_cause().to_string();
            let line = reason.lines().next().unwrap_or_default();
            let note = format!("{what} at {size} {}: {line}", self.size);
            self.notes.push(note);
        };
        measured.map_err(failed).ok()
    }

    /// The picture's file in the checkout.
    pub(in crate::section) fn picture(&self) -> String {
        format!("docs/{}", self.link())
    }

    fn link(&self) -> String {
        format!("images/growth-{}.svg", self.name)
    }

    /// The picture, the table and the notes.
    pub(in crate::section) fn markdown(&self) -> String {
        let heading: Vec<&str> = [self.size]
            .into_iter()
            .chain(self.columns.iter().map(|it| it.name))
            .collect();
        let mut table = Table::new(0, &heading);
        for (size, figures) in &self.rows {
            let cells = figures.iter().zip(self.columns).map(|(figure, column)| {
                let digits = column.digits;
                figure.map_or_else(|| "–".to_owned(), |it| format!("{it:.digits$}"))
            });
            table.row([size.to_string()].into_iter().chain(cells));
        }
        let notes = self.notes.iter().map(|note| format!("\n{note}\n"));
        format!(
            "![{} by {}]({})\n\n{}{}",
            self.unit,
            self.size,
            self.link(),
            table.markdown(),
            notes.collect::<String>()
        )
    }

    /// The picture as SVG.
    pub(in crate::section) fn plot(&self) -> anyhow::Result<String> {
        plot::svg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column::plotted("a", 1), Column::tabled("b", 0)];

    #[test]
    fn a_failure_is_a_gap_and_a_note() {
        let mut series = Series::new("x", "items", "s", COLUMNS);
        let error = anyhow::anyhow!("the disk is full\nHINT: empty it");
        let error = error.context("`dump --file /a/folder` ended with exit status: 1");
        let failed = series.figure(20, "a", Err(error));
        series.rows = vec![
            (10, vec![Some(1.0), Some(2.0)]),
            (20, vec![failed, Some(3.0)]),
        ];
        let text = series.markdown();
        assert!(text.contains("|    20 |   – | 3 |"), "{text}");
        assert!(text.contains("a at 20 items: the disk is full\n"), "{text}");
        let svg = series.plot().expect("a picture");
        assert!(svg.starts_with("<svg") && !svg.contains(">b<"), "{svg}");
    }
}
