//! A statement's parameter, which has the type of its value.
//!
//! So each statement is sent with the types of its parameters, and one that may not be prepared still
//! takes one round trip.

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};

pub trait Parameter: ToSql + Sync {
    fn sql_type(&self) -> Type;
}

macro_rules! parameters {
    ($($rust:ty => $sql:ident,)*) => {
        $(impl Parameter for $rust {
            fn sql_type(&self) -> Type {
                Type::$sql
            }
        })*
    };
}

parameters! {
    bool => BOOL,
    i32 => INT4,
    i64 => INT8,
    f64 => FLOAT8,
    &str => TEXT,
    Option<&str> => TEXT,
    String => TEXT,
    Option<String> => TEXT,
    &[&str] => TEXT_ARRAY,
    Vec<&str> => TEXT_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Timestamp => TIMESTAMPTZ,
}
