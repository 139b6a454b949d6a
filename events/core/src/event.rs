//! Events: their kinds, categories and services, writing and reading.

use std::any::Any;

use schemars::{Schema, SchemaGenerator};

use crate::{envelope::Recorded, ids::StreamName};

/// An event that this binary cannot read. A reader stops and reports it: no event is skipped silently.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    #[error("the kind {0} is unknown to this binary")]
    UnknownKind(String),
    #[error("the data of {kind} does not decode: {cause}")]
    Data { kind: &'static str, cause: serde_json::Error },
}

/// The events of a service, by category. A binary has a list of services; a kind that is in none of them is unknown to
/// it.
pub struct Service {
    /// In the plural, like the service's folders: `loans`.
    pub name: &'static str,
    pub categories: &'static [Category],
}

impl Service {
    /// The kinds of all categories.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.categories.iter().flat_map(|category| category.kinds.iter().copied())
    }

    /// True for a kind of this family that the service does not have: a later release wrote it.
    fn lacks(&self, family: &str, kind: &str) -> bool {
        self::family(kind) == family && self.kinds().all(|known| known != kind)
    }
}

/// The first part of a kind: `loan` of `loan.copy-lent.v1`.
pub fn family(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(family, _)| family)
}

/// A category of streams, described without an event.
pub struct Category {
    /// [`Event::CATEGORY`]
    pub name: &'static str,
    /// The first part of its kinds: `loan` in `loan.copy-lent.v1`. No two services share a family: a read model of one
    /// would otherwise meet unknown kinds of the other.
    pub family: &'static str,
    /// [`Event::KINDS`]
    pub kinds: &'static [&'static str],
    /// The fields of the data that name the stream: joined with dots, they are the part of its name after the category.
    pub named_by: &'static [&'static str],
    /// Each kind, and the schema of its data: a reference to one of the generator's definitions.
    pub schemas: &'static [(&'static str, Refer)],
    /// [`Event::decode`]
    pub decode: Decode,
}

/// Decodes the data of a kind.
pub type Decode = fn(&str, &[u8]) -> Result<Box<dyn AnyEvent>, Undecodable>;

/// Describes a type among a generator's definitions.
pub type Refer = fn(&mut SchemaGenerator) -> Schema;

/// The events of one category of streams.
pub trait Event: Sized + Clone + Send + Sync + 'static {
    /// The first part of its streams' names: `session` in `session-A12345.0123456789AB`.
    const CATEGORY: &'static str;
    /// [`Category::family`]
    const FAMILY: &'static str;
    /// Every kind that it writes or reads.
    const KINDS: &'static [&'static str];

    /// The service to which it belongs.
    fn service() -> &'static Service;

    fn kind(&self) -> &'static str;

    /// The part of its stream's name after the category, from its data.
    fn stream_id(&self) -> String;

    /// The only stream on which it may be stored.
    fn stream(&self) -> StreamName {
        StreamName::of(Self::CATEGORY, self.stream_id())
    }

    /// The JSON that is stored. Personal fields are sealed in the scope of `personal::sealing`.
    ///
    /// # Errors
    /// When an open personal field is written outside that scope, or is not sealed.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;

    /// # Errors
    /// When the kind is unknown, or the data is not of its form. Unknown fields are tolerated.
    fn decode(kind: &str, data: &[u8]) -> Result<Self, Undecodable>;
}

/// The data of one kind, or an event itself.
pub trait EventData: Into<Self::Event> {
    type Event: Event;
}

/// The events that a read model or a state follows, of one category or several.
pub trait Followed: Sized + Send + 'static {
    /// The event, or `None` where it belongs to a category that is not followed.
    ///
    /// # Errors
    /// An unknown kind of a followed family, or data that does not decode.
    fn read(kind: &str, data: &[u8]) -> Result<Option<Self>, Undecodable>;

    /// True if an event of this kind has to be read: a kind of its own, or one of a followed family that this binary does
    /// not know.
    fn follows(kind: &str) -> bool;

    /// The kinds of these services that need not be read.
    fn passed_over(services: &[&Service]) -> Vec<&'static str> {
        services.iter().flat_map(|service| service.kinds()).filter(|kind| !Self::follows(kind)).collect()
    }
}

impl<E: Event> Followed for E {
    fn read(kind: &str, data: &[u8]) -> Result<Option<Self>, Undecodable> {
        if Self::follows(kind) { E::decode(kind, data).map(Some) } else { Ok(None) }
    }

    fn follows(kind: &str) -> bool {
        E::KINDS.contains(&kind) || E::service().lacks(E::FAMILY, kind)
    }
}

impl<D> Recorded<D> {
    /// The part of the stream's name after the category.
    pub fn stream_id(&self) -> &str {
        StreamName::id(&self.stream)
    }
}

/// [`Category::decode`]
pub fn decode<E: Event>(kind: &str, data: &[u8]) -> Result<Box<dyn AnyEvent>, Undecodable> {
    Ok(Box::new(E::decode(kind, data)?))
}

/// Decodes the data of an event, which is a JSON object. Serde would also read a struct from an array of its values,
/// and a field that a later release adds in the middle would then shift all that follow it.
///
/// # Errors
/// When the data is not an object, or not of the form of `T`.
pub fn by_name<T: serde::de::DeserializeOwned>(data: &[u8]) -> Result<T, serde_json::Error> {
    match data.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Err(serde::de::Error::custom("an event's data is an object, with its fields by name")),
        Some(_) | None => serde_json::from_slice(data),
    }
}

/// Writes an enum of events together with its kinds, so that a kind, its variant and its data always match. A variant
/// holds its data; each data type is a struct of camelCase JSON, and has the fields that name the stream. The crate
/// that uses the macro depends on `serde_json`.
///
/// ```
/// # use event_core::{Service, events};
/// # #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # pub struct BookLent { copy: String }
/// static SERVICE: Service = Service { name: "loans", categories: &[LoanEvent::ABOUT] };
///
/// events! {
///     /// Loans of a copy.
///     LoanEvent of SERVICE as "loan" on "copy" by (copy) {
///         Lent(BookLent) = "loan.book-lent.v1",
///     }
/// }
/// ```
#[macro_export]
macro_rules! events {
    (
        $(#[$doc:meta])*
        $name:ident of $service:path as $family:literal on $category:literal by $named_by:tt {
            $($(#[$variant_doc:meta])* $variant:ident($data:ty) = $kind:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant($data),)+
        }

        impl $name {
            pub const ABOUT: $crate::event::Category = $crate::event::Category {
                name: $category,
                family: $family,
                kinds: &[$($kind),+],
                named_by: $crate::stream_fields!($named_by),
                schemas: &[$(($kind, |generator| generator.subschema_for::<$data>())),+],
                decode: $crate::event::decode::<$name>,
            };
        }

        impl $crate::event::Event for $name {
            const CATEGORY: &'static str = $category;
            const FAMILY: &'static str = $family;
            const KINDS: &'static [&'static str] = $name::ABOUT.kinds;

            fn service() -> &'static $crate::event::Service {
                &$service
            }

            fn kind(&self) -> &'static str {
                match self {
                    $($name::$variant(_) => $kind,)+
                }
            }

            fn stream_id(&self) -> String {
                match self {
                    $($name::$variant(data) => $crate::stream_id!(data, $named_by),)+
                }
            }

            fn encode(&self) -> Result<Vec<u8>, ::serde_json::Error> {
                match self {
                    $($name::$variant(data) => ::serde_json::to_vec(data),)+
                }
            }

            fn decode(kind: &str, data: &[u8]) -> Result<Self, $crate::event::Undecodable> {
                match kind {
                    $($kind => $crate::event::by_name(data)
                        .map($name::$variant)
                        .map_err(|cause| $crate::event::Undecodable::Data { kind: $kind, cause }),)+
                    _ => Err($crate::event::Undecodable::UnknownKind(kind.to_owned())),
                }
            }
        }

        impl $crate::event::EventData for $name {
            type Event = $name;
        }

        $(
            impl $crate::event::EventData for $data {
                type Event = $name;
            }

            impl From<$data> for $name {
                fn from(data: $data) -> $name {
                    $name::$variant(data)
                }
            }
        )+
    };
}

/// `(site, on)`: both fields of the data, joined with a dot.
#[doc(hidden)]
#[macro_export]
macro_rules! stream_id {
    ($data:ident, ($($field:ident),+)) => { [$($data.$field.to_string()),+].join(".") };
}

/// The names of these fields in JSON, which are those in Rust: each is one word.
#[doc(hidden)]
#[macro_export]
macro_rules! stream_fields {
    (($($field:ident),+)) => { &[$(stringify!($field)),+] };
}

/// Writes an enum of the events of several categories, for a read model that follows more than one.
#[macro_export]
macro_rules! followed {
    ($(#[$doc:meta])* $visibility:vis enum $name:ident { $($variant:ident($event:ty),)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        $visibility enum $name {
            $($variant($event),)+
        }

        impl $crate::event::Followed for $name {
            fn read(kind: &str, data: &[u8]) -> Result<Option<Self>, $crate::event::Undecodable> {
                $(
                    if <$event as $crate::event::Event>::KINDS.contains(&kind) {
                        return <$event as $crate::event::Event>::decode(kind, data).map(|event| Some($name::$variant(event)));
                    }
                )+
                if Self::follows(kind) {
                    return Err($crate::event::Undecodable::UnknownKind(kind.to_owned()));
                }
                Ok(None)
            }

            fn follows(kind: &str) -> bool {
                $(<$event as $crate::event::Followed>::follows(kind))||+
            }
        }
    };
}

/// An event of any category, as a decision holds it.
pub trait AnyEvent: Any + Send + Sync {
    fn kind(&self) -> &'static str;
    /// # Errors
    /// As `Event::encode`.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;
    fn as_any(&self) -> &dyn Any;
}

impl<E: Event> AnyEvent for E {
    fn kind(&self) -> &'static str {
        Event::kind(self)
    }

    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        Event::encode(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
