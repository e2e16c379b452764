//! Instants in the rows of this program's own tables.

use std::fmt::Display;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::row::RowIndex;

/// A column that its statement selects as microseconds since 1970,
/// `(extract(epoch FROM …) * 1000000)::bigint`.
pub(crate) fn instant(row: &Row, column: impl RowIndex + Display) -> Timestamp {
    let micros = row.get(column);
    Timestamp::from_microsecond(micros).expect("this program writes instants that it can read")
}

/// The same of a column that may be null.
pub(crate) fn optional_instant(row: &Row, column: &str) -> Option<Timestamp> {
    let micros: Option<i64> = row.get(column);
    micros.map(|_| instant(row, column))
}
