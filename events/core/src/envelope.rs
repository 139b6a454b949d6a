//! The envelope around every event. It exists from the first event on, because it cannot be added later without
//! rewriting the log.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{Issuer, Malformed, OrganisationCode, StreamName, SubjectId},
    text_id,
    time::Timestamp,
};

/// One of the two logs: the events of the services (`care`), and the access to them (`access`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogName {
    Care,
    Access,
}

impl LogName {
    pub const ALL: [LogName; 2] = [LogName::Care, LogName::Access];

    pub const fn as_str(self) -> &'static str {
        match self {
            LogName::Care => "care",
            LogName::Access => "access",
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A position in a log, as the API writes it: `care:17`. Position 0 is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogPosition {
    pub log: LogName,
    pub position: u64,
}

text_id!(LogPosition, "LogPosition", "^(care|access):[0-9]{1,18}$");

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.log, self.position)
    }
}

impl FromStr for LogPosition {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("a position is <log>:<number>, like care:17".into());
        let (log, position) = text.split_once(':').ok_or_else(malformed)?;
        let log = LogName::ALL.into_iter().find(|name| name.as_str() == log).ok_or_else(malformed)?;
        let digits = (1..=18).contains(&position.len()) && position.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(malformed());
        }
        Ok(LogPosition { log, position: position.parse().map_err(|_| malformed())? })
    }
}

/// The caller of the command, as described at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The subject id of a person, or the id of a member of staff. Never a name. Unique only within the issuer.
    pub id: Box<str>,
    pub role: Box<str>,
    pub organisation: Option<OrganisationCode>,
    pub level: Option<Box<str>>,
    /// The issuer of the caller's token. Absent in events that an earlier version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
}

/// 32 bytes: a keyed hash.
pub type Hash = [u8; 32];

/// An event as it stands in a log. `D` is its data: the exact bytes (`Raw`) or what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<D> {
    pub log: LogName,
    /// 1, 2, 3 … without gaps, in the order of commits.
    pub position: u64,
    pub stream: StreamName,
    /// 1, 2, 3 … within the stream.
    pub revision: u64,
    /// UUIDv7.
    pub id: Uuid,
    /// Like `loan.copy-lent.v1`: family, what happened, version.
    pub kind: Cow<'static, str>,
    /// Never earlier than that of the event before it.
    pub recorded_at: Timestamp,
    /// The actor's JSON, exactly as stored.
    pub actor: Box<str>,
    /// The stream of the relationship that lets the actor act for another person.
    pub acting_for: Option<StreamName>,
    /// The person that the personal data of this event belongs to.
    pub subject: Option<SubjectId>,
    pub correlation: Uuid,
    pub causation: Option<Uuid>,
    /// On the first event of a command (or of any other append).
    pub command_key: Option<Hash>,
    /// On the first event of a command.
    pub request_hash: Option<Hash>,
    /// The W3C `traceparent` of the request.
    pub trace: Option<Box<str>>,
    pub data: D,
}

/// An event with the exact bytes first written as its data.
pub type Raw = Recorded<Box<[u8]>>;

impl<D> Recorded<D> {
    pub fn log_position(&self) -> LogPosition {
        LogPosition { log: self.log, position: self.position }
    }

    /// The same envelope around other data.
    pub fn map<E>(self, data: impl FnOnce(D) -> E) -> Recorded<E> {
        Recorded {
            log: self.log,
            position: self.position,
            stream: self.stream,
            revision: self.revision,
            id: self.id,
            kind: self.kind,
            recorded_at: self.recorded_at,
            actor: self.actor,
            acting_for: self.acting_for,
            subject: self.subject,
            correlation: self.correlation,
            causation: self.causation,
            command_key: self.command_key,
            request_hash: self.request_hash,
            trace: self.trace,
            data: data(self.data),
        }
    }
}

impl Raw {
    /// The canonical record: the envelope's fields in the given order, each as its length (u32, big-endian) and its
    /// bytes; an absent field is the length 0xFFFFFFFF. Hashes are computed over this record, so its form never
    /// changes.
    pub fn canonical(&self) -> Vec<u8> {
        let mut record = Vec::with_capacity(512 + self.data.len());
        put(&mut record, Some(&self.position.to_be_bytes()));
        put(&mut record, Some(self.stream.as_str().as_bytes()));
        put(&mut record, Some(&self.revision.to_be_bytes()));
        put(&mut record, Some(self.id.as_bytes()));
        put(&mut record, Some(self.kind.as_bytes()));
        put(&mut record, Some(&self.recorded_at.micros().to_be_bytes()));
        put(&mut record, Some(self.actor.as_bytes()));
        put(&mut record, self.acting_for.as_ref().map(|stream| stream.as_str().as_bytes()));
        put(&mut record, self.subject.map(SubjectId::uuid).as_ref().map(|id| id.as_bytes().as_slice()));
        put(&mut record, Some(self.correlation.as_bytes()));
        put(&mut record, self.causation.as_ref().map(|id| id.as_bytes().as_slice()));
        put(&mut record, self.command_key.as_ref().map(Hash::as_slice));
        put(&mut record, self.request_hash.as_ref().map(Hash::as_slice));
        put(&mut record, self.trace.as_deref().map(str::as_bytes));
        put(&mut record, Some(&self.data));
        record
    }
}

/// The part of the envelope that the log never searches by, packed into one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    pub actor: Box<str>,
    pub acting_for: Option<StreamName>,
    pub subject: Option<SubjectId>,
    pub correlation: Uuid,
    pub causation: Option<Uuid>,
    pub request_hash: Option<Hash>,
    pub trace: Option<Box<str>>,
}

/// The first byte of a packed `Meta`: the form that follows.
const META_FORM: u8 = 1;

/// A packed envelope that is damaged, or of a newer form than this binary knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the packed envelope is damaged or of an unknown form: {0}")]
pub struct DamagedMeta(&'static str);

impl Meta {
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(256);
        packed.push(META_FORM);
        put(&mut packed, Some(self.actor.as_bytes()));
        put(&mut packed, self.acting_for.as_ref().map(|stream| stream.as_str().as_bytes()));
        put(&mut packed, self.subject.map(SubjectId::uuid).as_ref().map(|id| id.as_bytes().as_slice()));
        put(&mut packed, Some(self.correlation.as_bytes()));
        put(&mut packed, self.causation.as_ref().map(|id| id.as_bytes().as_slice()));
        put(&mut packed, self.request_hash.as_ref().map(Hash::as_slice));
        put(&mut packed, self.trace.as_deref().map(str::as_bytes));
        packed
    }

    /// # Errors
    /// When the bytes are not exactly what `pack` makes.
    pub fn unpack(packed: &[u8]) -> Result<Meta, DamagedMeta> {
        let (form, rest) = packed.split_first().ok_or(DamagedMeta("empty"))?;
        if *form != META_FORM {
            return Err(DamagedMeta("form"));
        }
        let mut fields = Fields(rest);
        let meta = Meta {
            actor: fields.text()?.ok_or(DamagedMeta("actor"))?,
            acting_for: fields.text()?.map(|text| text.parse()).transpose().map_err(|_| DamagedMeta("acting_for"))?,
            subject: fields.uuid()?.map(SubjectId::new).transpose().map_err(|_| DamagedMeta("subject"))?,
            correlation: fields.uuid()?.ok_or(DamagedMeta("correlation"))?,
            causation: fields.uuid()?,
            request_hash: fields.take()?.map(TryInto::try_into).transpose().map_err(|_| DamagedMeta("request_hash"))?,
            trace: fields.text()?,
        };
        if fields.0.is_empty() { Ok(meta) } else { Err(DamagedMeta("trailing bytes")) }
    }

    /// The subject of a packed envelope, without unpacking the rest: states are folded from many events.
    ///
    /// # Errors
    /// When the bytes up to the subject are damaged.
    pub fn subject_in(packed: &[u8]) -> Result<Option<SubjectId>, DamagedMeta> {
        let rest = packed.strip_prefix(&[META_FORM]).ok_or(DamagedMeta("form"))?;
        let mut fields = Fields(rest);
        let (_actor, _acting_for) = (fields.take()?, fields.take()?);
        fields.uuid()?.map(SubjectId::new).transpose().map_err(|_| DamagedMeta("subject"))
    }
}

const ABSENT: u32 = u32::MAX;

fn put(record: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => record.extend_from_slice(&ABSENT.to_be_bytes()),
        Some(bytes) => {
            // A field is far below 4 GiB: event data is 256 KiB at most.
            let length = u32::try_from(bytes.len()).unwrap_or(ABSENT - 1);
            record.extend_from_slice(&length.to_be_bytes());
            record.extend_from_slice(bytes);
        }
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self) -> Result<Option<&'a [u8]>, DamagedMeta> {
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or(DamagedMeta("cut short"))?;
        self.0 = rest;
        let length = u32::from_be_bytes(*length);
        if length == ABSENT {
            return Ok(None);
        }
        let (field, rest) = rest.split_at_checked(length as usize).ok_or(DamagedMeta("cut short"))?;
        self.0 = rest;
        Ok(Some(field))
    }

    fn text(&mut self) -> Result<Option<Box<str>>, DamagedMeta> {
        let text = self.take()?.map(str::from_utf8).transpose().map_err(|_| DamagedMeta("not UTF-8"))?;
        Ok(text.map(Into::into))
    }

    fn uuid(&mut self) -> Result<Option<Uuid>, DamagedMeta> {
        self.take()?.map(Uuid::from_slice).transpose().map_err(|_| DamagedMeta("not a UUID"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta {
            actor: r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#.into(),
            acting_for: None,
            subject: Some("8f14e45f-ceea-467f-a9b5-0123456789ab".parse().expect("valid")),
            correlation: Uuid::from_u128(7),
            causation: None,
            request_hash: Some([9; 32]),
            trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        }
    }

    #[test]
    fn an_actor_of_an_earlier_version_has_no_issuer_and_keeps_its_form() {
        let before = r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#;
        let mut actor: Actor = serde_json::from_str(before).expect("an actor");
        assert_eq!(actor.issuer, None);
        assert_eq!(serde_json::to_string(&actor).expect("written"), before);
        actor.issuer = Some("https://issuer.example".parse().expect("an issuer"));
        let after = serde_json::to_string(&actor).expect("written");
        assert!(after.ends_with(r#","issuer":"https://issuer.example"}"#), "{after}");
        assert_eq!(serde_json::from_str::<Actor>(&after).expect("an actor"), actor);
    }

    #[test]
    fn a_packed_envelope_unpacks_to_itself() {
        assert_eq!(Meta::unpack(&meta().pack()), Ok(meta()));
        assert_eq!(Meta::subject_in(&meta().pack()), Ok(meta().subject));
        let without_subject = Meta { subject: None, acting_for: Some(StreamName::of("proxy", 1)), ..meta() };
        assert_eq!(Meta::subject_in(&without_subject.pack()), Ok(None));
    }

    #[test]
    fn a_damaged_envelope_is_refused_and_never_panics() {
        let packed = meta().pack();
        for cut in 0..packed.len() {
            assert!(Meta::unpack(&packed[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [packed.as_slice(), &[0]].concat();
        assert!(Meta::unpack(&longer).is_err());
        let newer = [&[2], &packed[1..]].concat();
        assert!(Meta::unpack(&newer).is_err() && Meta::subject_in(&newer).is_err());
    }

    /// The form is fixed: a change of it would invalidate every proof that was ever given.
    #[test]
    fn the_canonical_record_keeps_its_form() {
        let raw = Raw {
            log: LogName::Care,
            position: 1,
            stream: "donor-x".parse().expect("valid"),
            revision: 2,
            id: Uuid::from_u128(3),
            kind: "a.b.v1".into(),
            recorded_at: Timestamp::from_micros(4),
            actor: "{}".into(),
            acting_for: None,
            subject: None,
            correlation: Uuid::from_u128(5),
            causation: None,
            command_key: None,
            request_hash: None,
            trace: None,
            data: (*b"{}").into(),
        };
        let hex: String = raw.canonical().iter().map(|b| format!("{b:02x}")).collect();
        let uuid = |n: u8| format!("00000010{:030}{n:02x}", 0);
        let absent = "ffffffff";
        let expected = [
            "000000080000000000000001",
            "00000007646f6e6f722d78",
            "000000080000000000000002",
            &uuid(3),
            "00000006612e622e7631",
            "000000080000000000000004",
            "000000027b7d",
            absent,
            absent,
            &uuid(5),
            absent,
            absent,
            absent,
            absent,
            "000000027b7d",
        ]
        .concat();
        assert_eq!(hex, expected);
    }

    #[test]
    fn a_position_names_its_log() {
        let place: LogPosition = "care:17".parse().expect("valid");
        assert_eq!((place.log, place.position, place.to_string().as_str()), (LogName::Care, 17, "care:17"));
        for wrong in ["17", "care:", "care:-1", "other:1", "care:1x", "care:1234567890123456789"] {
            assert!(wrong.parse::<LogPosition>().is_err(), "{wrong}");
        }
    }
}
