//! Aligned columns.

/// Rows of cells below a heading.
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
    /// The columns of numbers, which are aligned on the right.
    numbers: &'static [usize],
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(heading: [&str; COLUMNS], numbers: &'static [usize]) -> Self {
        Table {
            rows: vec![heading.map(str::to_owned)],
            numbers,
        }
    }

    pub(crate) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells);
    }

    /// The lines, without trailing spaces.
    pub(crate) fn lines(&self) -> Vec<String> {
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        });
        let rows = self.rows.iter();
        rows.map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
        let cells = row.iter().zip(widths).enumerate();
        let padded: Vec<String> = cells
            .map(|(column, (cell, &width))| {
                if self.numbers.contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_are_on_the_right() {
        let mut table = Table::new(["BACKUP", "ROWS", "HOLD"], &[1]);
        table.row(["a".into(), "12345".into(), String::new()]);
        table.row(["żółć".into(), "7".into(), "audit".into()]);
        assert_eq!(
            table.lines(),
            [
                "BACKUP   ROWS  HOLD",
                "a       12345",
                "żółć        7  audit"
            ]
        );
    }
}
