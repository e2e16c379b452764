//! An item as a row of the table, and as JSON.

use std::error::Error;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::ItemId;

/// One item. The name is owned, or borrowed from a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<Name = String> {
    pub id: ItemId,
    pub name: Name,
    pub created_at: Micros,
}

/// An instant as PostgreSQL sends it: microseconds since 2000-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Micros(i64);

const EPOCH_2000: i64 = 946_684_800_000_000;

impl<'row, Name: FromSql<'row>> Item<Name> {
    /// Reads a row of `id, name, created_at`.
    pub(super) fn of(row: &'row Row) -> Item<Name> {
        Item {
            id: ItemId(row.get(0)),
            name: row.get(1),
            created_at: row.get(2),
        }
    }
}

impl Item {
    /// `{"data":{…}}`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(64 + self.name.len());
        json.extend_from_slice(b"{\"data\":");
        self.write_json(&mut json);
        json.push(b'}');
        json
    }
}

impl<Name: AsRef<str>> Item<Name> {
    /// Appends `{"id":1,"name":"…","created_at":"2026-09-14T03:15:00.021003Z"}`.
    ///
    /// Written by hand, because one response can have a million items: a general serializer needed more
    /// processor time than the database.
    pub fn write_json(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(b"{\"id\":");
        json.extend_from_slice(itoa::Buffer::new().format(self.id.0).as_bytes());
        json.extend_from_slice(b",\"name\":");
        serde_json::to_writer(&mut *json, self.name.as_ref())
            .expect("a string always serializes, and writing to a Vec never fails");
        json.extend_from_slice(b",\"created_at\":\"");
        self.created_at.write(json);
        json.extend_from_slice(b"\"}");
    }
}

impl Micros {
    /// Appends the instant in RFC 3339, always with six digits and `Z`.
    fn write(self, json: &mut Vec<u8>) {
        let instant = Timestamp::from_microsecond(self.0.saturating_add(EPOCH_2000));
        // The values come from `now()`. A wrong clock gets the nearest instant that can be written.
        let instant = instant.unwrap_or(if self.0 < 0 { EARLIEST } else { LATEST });
        let instant = TimeZone::UTC.to_datetime(instant.clamp(EARLIEST, LATEST));
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let year = instant.year().unsigned_abs();
        let micros = instant.subsec_nanosecond().unsigned_abs() / 1000;
        put_digits(&mut text[0..2], year / 100);
        put_digits(&mut text[2..4], year % 100);
        put_digits(&mut text[5..7], instant.month().unsigned_abs());
        put_digits(&mut text[8..10], instant.day().unsigned_abs());
        put_digits(&mut text[11..13], instant.hour().unsigned_abs());
        put_digits(&mut text[14..16], instant.minute().unsigned_abs());
        put_digits(&mut text[17..19], instant.second().unsigned_abs());
        put_digits(&mut text[20..22], micros / 10_000);
        put_digits(&mut text[22..24], micros / 100 % 100);
        put_digits(&mut text[24..26], micros % 100);
        json.extend_from_slice(&text);
    }
}

/// The range of instants whose year has four digits.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);
const LATEST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// Writes a number below 100 into two digits. A loop over more digits costs the processor more.
fn put_digits(digits: &mut [u8], number: impl Into<u32>) {
    let number = number.into();
    digits[0] = b'0' + (number / 10 % 10) as u8;
    digits[1] = b'0' + (number % 10) as u8;
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Micros(i64::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(column: &Type) -> bool {
        *column == Type::TIMESTAMPTZ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_written_as_json() {
        let item = Item {
            id: ItemId(7),
            name: "a \"quoted\"\u{1f} \u{2028}\u{1f980}\\".to_owned(),
            created_at: Micros(1_000_001),
        };
        let json: serde_json::Value = serde_json::from_slice(&item.to_json()).expect("it is JSON");
        assert_eq!(
            json,
            serde_json::json!({"data": {
                "id": 7,
                "name": item.name,
                "created_at": "2000-01-01T00:00:01.000001Z",
            }})
        );
    }

    #[test]
    fn instants_always_have_six_digits() {
        let written = |micros| {
            let mut json = Vec::new();
            Micros(micros).write(&mut json);
            String::from_utf8(json).expect("it is ASCII")
        };
        assert_eq!(written(0), "2000-01-01T00:00:00.000000Z");
        assert_eq!(written(-1), "1999-12-31T23:59:59.999999Z");
        assert!(written(i64::MAX).starts_with("9999-12-30"));
    }

    #[test]
    fn instants_are_written_as_calendar_dates() {
        // Steps that share no factor with a day, a month or a leap year.
        for step in -20_000..20_000_i64 {
            let micros = step * 86_413_000_007;
            let instant = Timestamp::from_microsecond(micros + EPOCH_2000).expect("in range");
            let mut json = Vec::new();
            Micros(micros).write(&mut json);
            assert_eq!(String::from_utf8_lossy(&json), format!("{instant:.6}"));
        }
    }
}
