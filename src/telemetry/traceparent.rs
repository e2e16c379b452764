//! W3C Trace Context, section 3.2: the header `traceparent`.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A position in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

impl Traceparent {
    /// Parses a header. Returns `None` for another version or a malformed header.
    pub fn parse(header: &str) -> Option<Traceparent> {
        let mut parts = header.split('-');
        let mut digits = |length| {
            let part = parts.next()?;
            let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            (part.len() == length && part.bytes().all(is_hex)).then_some(part)
        };
        let (version, trace_id) = (digits(2)?, digits(32)?);
        let (parent_id, flags) = (digits(16)?, digits(2)?);
        let is_whole = version == "00" && parts.next().is_none();
        let parsed = Traceparent {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            parent_id: u64::from_str_radix(parent_id, 16).ok()?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        };
        (is_whole && parsed.trace_id != 0 && parsed.parent_id != 0).then_some(parsed)
    }

    /// The start of an unsampled trace. Its ids are made of the invocation's id, so all lines of an
    /// invocation have the same ones.
    pub fn of(invocation_id: Uuid) -> Traceparent {
        let (high, low) = invocation_id.as_u64_pair();
        Traceparent {
            trace_id: invocation_id.as_u128(),
            // A trace's ids are not zero.
            parent_id: if low == 0 { high } else { low },
            flags: 0,
        }
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Traceparent {
            trace_id,
            parent_id,
            flags,
        } = self;
        write!(formatter, "00-{trace_id:032x}-{parent_id:016x}-{flags:02x}")
    }
}

impl Serialize for Traceparent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_header_is_passed_on() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parsed = Traceparent::parse(header).expect("it is valid");
        assert_eq!(parsed.to_string(), header);
    }

    #[test]
    fn malformed_headers_are_rejected() {
        for header in [
            "",
            "00-4bf92f35-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Traceparent::parse(header), None, "{header}");
        }
    }

    #[test]
    fn the_trace_of_an_invocation_is_valid() {
        for id in [Uuid::new_v4(), Uuid::from_u64_pair(7, 0)] {
            let trace = Traceparent::of(id);
            assert_eq!(Traceparent::parse(&trace.to_string()), Some(trace));
        }
    }
}
