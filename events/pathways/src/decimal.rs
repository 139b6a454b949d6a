//! Numbers in answers and rules: decimal, with three decimals at most, and exact. A binary fraction would make `38.1` in a
//! rule and `38.1` in an answer depend on rounding.

use std::{borrow::Cow, fmt, str::FromStr};

use event_core::Malformed;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most decimals that a number has.
pub const DECIMALS_MAX: u8 = 3;
/// The greatest whole part, without its sign.
pub const WHOLE_MAX: i64 = 1_000_000;
/// One, in the unit of storage.
const ONE: i64 = 1_000;

/// A decimal number from -1,000,000 to 1,000,000 with at most three decimals. In JSON it is a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

impl Decimal {
    pub const ZERO: Decimal = Decimal(0);

    /// The number in thousandths.
    pub fn thousandths(self) -> i64 {
        self.0
    }

    /// The number that is so many thousandths. `None` if it is out of range.
    pub fn from_thousandths(thousandths: i64) -> Option<Decimal> {
        (-WHOLE_MAX * ONE..=WHOLE_MAX * ONE).contains(&thousandths).then_some(Decimal(thousandths))
    }

    /// Does it have no more than so many decimals?
    pub fn has_decimals_up_to(self, decimals: u8) -> bool {
        self.0 % step(decimals) == 0
    }
}

/// The distance between two numbers with so many decimals, in thousandths.
pub(crate) fn step(decimals: u8) -> i64 {
    10_i64.pow(u32::from(DECIMALS_MAX.saturating_sub(decimals)))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:03}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Decimal {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed =
            || Malformed("a number is from -1000000 to 1000000 and has at most three decimals, such as 38.5".into());
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        // JSON writes 38.5 as 38.5 and 38 as 38 or 38.0: zeros at the end mean nothing.
        let part = if part.len() > 1 { part.trim_end_matches('0') } else { part };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=7).contains(&whole.len()) && part.len() <= usize::from(DECIMALS_MAX);
        if !fits || digits.ends_with('.') || !all_digits(whole) || !all_digits(part) {
            return Err(malformed());
        }
        let whole: i64 = whole.parse().map_err(|_| malformed())?;
        let part: i64 = format!("{part:0<3}").parse().map_err(|_| malformed())?;
        let thousandths = whole * ONE + part;
        Decimal::from_thousandths(if negative { -thousandths } else { thousandths }).ok_or_else(malformed)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % ONE == 0 {
            serializer.serialize_i64(self.0 / ONE)
        } else {
            // At most ten digits, which a double holds exactly enough to be read back as the same decimal.
            serializer.serialize_f64(self.0 as f64 / ONE as f64)
        }
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": -WHOLE_MAX, "maximum": WHOLE_MAX, "multipleOf": 0.001})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_written_in_one_way() {
        for (text, written) in [("38", "38"), ("38.0", "38"), ("38.50", "38.5"), ("-0.125", "-0.125"), ("0.05", "0.05")]
        {
            let number: Decimal = text.parse().expect("a number");
            assert_eq!(number.to_string(), written);
            let json = serde_json::to_string(&number).expect("JSON");
            assert_eq!((json.as_str(), serde_json::from_str(&json).ok()), (written, Some(number)));
        }
    }

    #[test]
    fn other_notations_and_numbers_out_of_range_are_refused() {
        for wrong in
            ["", "-", ".5", "5.", "1e3", "+1", "1,5", "0.1234", "1000000.001", "1000001", "12345678", "NaN", " 1"]
        {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Decimal>("\"38\"").is_err() && serde_json::from_str::<Decimal>("1e30").is_err());
    }

    #[test]
    fn decimals_are_counted() {
        let number: Decimal = "38.5".parse().expect("a number");
        assert!(number.has_decimals_up_to(1) && !number.has_decimals_up_to(0));
    }
}
