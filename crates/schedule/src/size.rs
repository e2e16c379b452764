//! Sizes and bounds.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The size of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Size {
    /// A number of instances.
    One(u32),
    /// The bounds of an autoscaler.
    Between { min: u32, max: u32 },
}

impl Size {
    /// The fewest instances.
    pub fn least(self) -> u32 {
        match self {
            Size::One(count) => count,
            Size::Between { min, .. } => min,
        }
    }

    /// The most instances.
    pub fn most(self) -> u32 {
        match self {
            Size::One(count) => count,
            Size::Between { max, .. } => max,
        }
    }

    /// The nearest size within `bounds`.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Size {
        let near = |count: u32| count.clamp(bounds.min, bounds.max);
        match self {
            Size::One(count) => Size::One(near(count)),
            Size::Between { min, max } => Size::Between {
                min: near(min),
                max: near(max),
            },
        }
    }

    /// Whether both are a number, or both a range.
    pub fn has_form_of(self, other: Size) -> bool {
        matches!(
            (self, other),
            (Size::One(_), Size::One(_)) | (Size::Between { .. }, Size::Between { .. })
        )
    }
}

/// `4`, or `2 to 6`.
impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::One(count) => write!(formatter, "{count}"),
            Size::Between { min, max } => write!(formatter, "{min} to {max}"),
        }
    }
}

/// The limits of every size of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    #[serde(deserialize_with = "count")]
    pub min: u32,
    #[serde(deserialize_with = "count")]
    pub max: u32,
}

impl Bounds {
    pub fn contain(self, size: Size) -> bool {
        self.min <= size.least() && size.most() <= self.max
    }
}

/// `1 to 4`.
impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} to {}", self.min, self.max)
    }
}

/// A whole number, or `{ min = …, max = … }`. The derived implementation for untagged enums would report
/// neither the mistake nor its remedy.
impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl<'de> Visitor<'de> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a size, such as 4 or { min = 2, max = 6 }")
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Size, E> {
        CountVisitor.visit_i64(count).map(Size::One)
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Size, E> {
        CountVisitor.visit_u64(count).map(Size::One)
    }

    fn visit_f64<E: Error>(self, count: f64) -> Result<Size, E> {
        CountVisitor.visit_f64(count).map(Size::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Size, A::Error> {
        let Bounds { min, max } =
            Bounds::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        if min > max {
            return Err(A::Error::custom(format!(
                "min = {min} is more than max = {max}; swap them"
            )));
        }
        Ok(Size::Between { min, max })
    }
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_any(CountVisitor)
}

/// A whole number. JSON may write 4 as 4.0.
struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = u32;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<u32, E> {
        counted(count.try_into().ok(), count)
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<u32, E> {
        counted(count.try_into().ok(), count)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, and within the range"
    )]
    fn visit_f64<E: Error>(self, count: f64) -> Result<u32, E> {
        let is_count = count.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&count);
        counted(is_count.then_some(count as u32), count)
    }
}

fn counted<E: Error>(count: Option<u32>, written: impl fmt::Display) -> Result<u32, E> {
    count.ok_or_else(|| {
        E::custom(format!(
            "{written} is not a size; write a whole number from 0 to {}",
            u32::MAX
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Size, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_size_is_a_count_or_a_range() {
        assert_eq!(read("4"), Ok(Size::One(4)));
        assert_eq!(read("4.0"), Ok(Size::One(4)));
        let range = read(r#"{"min": 2, "max": 6}"#);
        assert_eq!(range, Ok(Size::Between { min: 2, max: 6 }));
        for text in ["-1", "1.5", "\"4\"", "[4]", "{\"min\": 2}", "4294967296"] {
            assert!(read(text).is_err(), "{text}");
        }
        let swapped = read(r#"{"min": 6, "max": 2}"#).expect_err("swapped");
        assert!(swapped.contains("swap"), "{swapped}");
    }

    #[test]
    fn sizes_outside_the_bounds_move_to_the_nearest_bound() {
        let bounds = Bounds { min: 1, max: 4 };
        for (size, near) in [
            (Size::One(0), Size::One(1)),
            (Size::One(3), Size::One(3)),
            (
                Size::Between { min: 2, max: 9 },
                Size::Between { min: 2, max: 4 },
            ),
        ] {
            assert_eq!(size.within(bounds), near);
            assert_eq!(bounds.contain(size), size == near);
        }
    }
}
