//! Columns that both tables have. Sizes are passed and read as text.

use tokio_postgres::Row;

use schedule::Size;

/// A value of a `jsonb` parameter that is cast from text.
pub(super) fn size_text(size: Size) -> String {
    serde_json::to_string(&size).expect("numbers always serialize")
}

/// A column that its statement selects as `…::text`. `None`: the column is null, or a later program wrote a
/// form that this one does not know.
pub(super) fn size(row: &Row, column: &str) -> Option<Size> {
    let text: Option<&str> = row.get(column);
    serde_json::from_str(text?).ok()
}
