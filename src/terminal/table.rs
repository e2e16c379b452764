//! Aligned columns.

use super::say;

/// Prints rows below a heading. In the heading, commas are between the columns, and `>` begins those of numbers,
/// which are aligned on the right.
pub(crate) fn say_table<const COLUMNS: usize>(
    heading: &str,
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) {
    lines(heading, rows).into_iter().for_each(say);
}

/// The lines, without trailing spaces.
fn lines<const COLUMNS: usize>(
    heading: &str,
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Vec<String> {
    let columns: Vec<&str> = heading.split(", ").collect();
    let names = columns
        .iter()
        .map(|it| it.trim_start_matches('>').to_owned());
    let mut table: Vec<Vec<String>> = vec![names.collect()];
    table.extend(rows.into_iter().map(Vec::from));
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).filter_map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&columns).zip(&widths);
        let cells = cells.map(|((cell, column), &width)| {
            if column.starts_with('>') {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_are_on_the_right() {
        let rows = [["a", "12345", ""], ["żółć", "7", "audit"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            lines("BACKUP, >ROWS, HOLD", rows),
            [
                "BACKUP   ROWS  HOLD",
                "a       12345",
                "żółć        7  audit"
            ]
        );
    }
}
