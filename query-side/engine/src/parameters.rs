//! Parameters: path and query string become one struct, strictly. An unknown, repeated or malformed parameter is
//! refused by name; nothing is guessed or ignored.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

/// The maximum number of parameters of one request, including those of its path.
pub const PARAMETERS_MAX: usize = 32;

/// A parameter that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// Its name; empty if the fault is in none of them (too many parameters).
    pub parameter: String,
    pub detail: String,
}

impl Faulty {
    pub fn new(parameter: impl Into<String>, detail: impl fmt::Display) -> Faulty {
        Faulty { parameter: parameter.into(), detail: detail.to_string() }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.detail)
    }
}

impl std::error::Error for Faulty {}

impl de::Error for Faulty {
    fn custom<T: fmt::Display>(detail: T) -> Faulty {
        Faulty::new("", detail)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Faulty {
        // The names that many queries share (`take`) are not among the expected ones.
        let own = if expected.is_empty() { String::new() } else { format!(": its own are {}", expected.join(", ")) };
        Faulty::new(field, format!("this address has no such parameter{own}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Faulty {
        Faulty::new("", format!("it is one of {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Faulty {
        Faulty::new(field, "it is required")
    }

    fn duplicate_field(field: &'static str) -> Faulty {
        Faulty::new(field, "it is given twice")
    }
}

/// The parameters of a request: names and values, decoded, each name once.
#[derive(Debug)]
pub struct Given<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Given<'a> {
    /// `path`: the path's own parameters, already decoded.
    ///
    /// # Errors
    /// A name that is given twice (also if once in the path), or more than `PARAMETERS_MAX`.
    pub fn new(path: impl Iterator<Item = (&'a str, &'a str)>, query: Option<&'a str>) -> Result<Given<'a>, Faulty> {
        let mut given = Given(path.map(|(name, value)| (name.into(), value.into())).collect());
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if given.0.len() == PARAMETERS_MAX {
                return Err(Faulty::new("", format!("there are more than {PARAMETERS_MAX} parameters")));
            }
            if given.0.iter().any(|(known, _)| *known == name) {
                return Err(Faulty::new(name, "it is given twice"));
            }
            given.0.push((name, value));
        }
        Ok(given)
    }

    /// Takes one parameter out, for those that many queries share.
    ///
    /// # Errors
    /// When its value is not of the form of `T`.
    pub fn take<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Result<Option<T>, Faulty> {
        let Some(at) = self.0.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (name, value) = self.0.swap_remove(at);
        value.parse().map(Some).map_err(|fault| Faulty::new(name, fault))
    }

    /// The remaining parameters, sorted by name.
    pub fn sorted(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        all.sort_unstable();
        all
    }

    /// The remaining parameters, as a query's own (which deny unknown fields).
    ///
    /// # Errors
    /// The first parameter that is unknown, missing or malformed.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Faulty> {
        T::deserialize(ParameterFields { rest: self.0.into_iter(), value: None })
    }
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

struct ParameterFields<'a> {
    rest: std::vec::IntoIter<Pair<'a>>,
    value: Option<Pair<'a>>,
}

impl<'de> Deserializer<'de> for ParameterFields<'_> {
    type Error = Faulty;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Faulty> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for ParameterFields<'_> {
    type Error = Faulty;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Faulty> {
        self.value = self.rest.next();
        self.value.as_ref().map(|(name, _)| seed.deserialize(name.as_ref().into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Faulty> {
        let (name, value) = self.value.take().unwrap_or_default();
        // The error of the value's type does not contain the parameter's name.
        seed.deserialize(Text(&value)).map_err(|fault| Faulty::new(name, fault.detail))
    }
}

/// A value: text that can also be a number, true or false, or one of an enum's names.
struct Text<'a>(&'a str);

macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Faulty> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Faulty::new("", $expected)),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Faulty;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Faulty> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Faulty> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Faulty> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Faulty> {
        let name: StrDeserializer<'_, Faulty> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    parsed! {
        deserialize_bool visit_bool "it is true or false",
        deserialize_u8 visit_u8 "it is a whole number, 0 to 255",
        deserialize_u16 visit_u16 "it is a whole number, 0 to 65535",
        deserialize_u32 visit_u32 "it is a whole number, 0 or more",
        deserialize_u64 visit_u64 "it is a whole number, 0 or more",
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use event_core::{LogPosition, OrganisationCode};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum When {
        Upcoming,
        Past,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Freshness {
        site: OrganisationCode,
        when: Option<When>,
        from: Option<u64>,
    }

    fn read(query: &str) -> Result<Freshness, Faulty> {
        Given::new([("site", "A12345")].into_iter(), Some(query))?.read()
    }

    #[test]
    fn path_and_query_string_become_one_struct() {
        let site = "A12345".parse().expect("valid");
        assert_eq!(read("when=past&from=7"), Ok(Freshness { site, when: Some(When::Past), from: Some(7) }));
    }

    #[test]
    fn the_parameter_that_is_wrong_is_named() {
        for (query, parameter) in [
            ("colour=red", "colour"),
            ("when=yesterday", "when"),
            ("from=minus-one", "from"),
            ("when=past&when=past", "when"),
            ("site=B1", "site"),
        ] {
            let fault = read(query).expect_err(query);
            assert_eq!(fault.parameter, parameter, "{query}: {fault}");
            assert!(!fault.detail.is_empty());
        }
    }

    #[test]
    fn a_parameter_that_is_required_and_absent_is_named() {
        let fault = Given::new([].into_iter(), Some("")).and_then(Given::read::<Freshness>).expect_err("no site");
        assert_eq!(fault, Faulty::new("site", "it is required"));
    }

    #[test]
    fn a_value_is_decoded_once() {
        let mut given = Given::new([].into_iter(), Some("after=care%3A17&x=a%2525")).expect("decodes");
        assert_eq!(given.take::<LogPosition>("after"), Ok(Some("care:17".parse().expect("valid"))));
        assert_eq!(given.take::<String>("x"), Ok(Some("a%25".into())));
        assert_eq!(given.take::<String>("x"), Ok(None));
    }

    #[test]
    fn there_is_a_limit_on_parameters() {
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|n| format!("p{n}=1")).collect();
        assert!(Given::new([].into_iter(), Some(&many.join("&"))).is_err());
    }
}
