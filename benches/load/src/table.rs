//! Markdown tables with their columns in line, so that a terminal shows them well too.

/// Rows of cells below a heading. The first column is text, the others are figures.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// The number of columns with text, which are aligned on the left.
    texts: usize,
}

impl Table {
    /// A table whose first `texts` columns are text.
    pub(crate) fn new(texts: usize, heading: &[&str]) -> Table {
        let heading = heading.iter().map(|&cell| cell.to_owned()).collect();
        Table {
            rows: vec![heading],
            texts,
        }
    }

    /// Adds a row with as many cells as the heading has.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table in Markdown, with a line break at its end.
    pub(crate) fn markdown(&self) -> String {
        let widths: Vec<usize> = (0..self.rows[0].len())
            .map(|column| self.width(column))
            .collect();
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| self.line(row, &widths))
            .collect();
        let rule = widths.iter().enumerate().map(|(column, width)| {
            if column < self.texts {
                "-".repeat(width + 2)
            } else {
                "-".repeat(width + 1) + ":"
            }
        });
        lines.insert(1, format!("|{}|", rule.collect::<Vec<_>>().join("|")));
        lines.join("\n") + "\n"
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).enumerate();
        let padded = cells.map(|(column, (cell, &width))| {
            if column < self.texts {
                format!(" {cell:<width$} ")
            } else {
                format!(" {cell:>width$} ")
            }
        });
        format!("|{}|", padded.collect::<Vec<_>>().join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_line_and_figures_stand_on_the_right() {
        let mut table = Table::new(1, &["who", "rows/s"]);
        table.row(["psql".to_owned(), "7".to_owned()]);
        assert_eq!(
            table.markdown(),
            "| who  | rows/s |\n|------|-------:|\n| psql |      7 |\n"
        );
    }
}
