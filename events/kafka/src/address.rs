//! The address of the brokers, with the settings of a connection:
//! `kafka://b1:9092,b2:9092?security.protocol=sasl_ssl&…`.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::SystemTime,
};

use rdkafka::ClientConfig;

/// The properties of librdkafka that an address may set, as `?name=value&name=value`.
const SETTABLE: [&str; 16] = [
    "security.protocol",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "compression.type",
    "message.max.bytes",
    "linger.ms",
    "batch.size",
    "connections.max.idle.ms",
    "metadata.max.age.ms",
    "socket.timeout.ms",
];
/// Those of them that name files: certificates and a key. A client reads them only when it is created.
const FILES: [&str; 3] = ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"];
/// A property that names a file with the password. Line breaks at the file's end are not part of the password.
const PASSWORD_FILE: &str = "sasl.password.file";
const PORT: u16 = 9092;
/// Milliseconds that a broker may take for one request, unless the address sets another limit.
pub(crate) const REQUEST_MS_MAX: u32 = 10_000;
/// Milliseconds that connecting to a broker may take.
const CONNECT_MS_MAX: u32 = 5_000;

/// The brokers of a cluster, and the settings for connecting to them.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    brokers: String,
    properties: BTreeMap<String, String>,
    password_file: Option<PathBuf>,
}

/// The states of an address's files when a client was created from them: when each was modified, and its length in bytes.
/// `None` for one that could not be read.
#[derive(Debug)]
pub(crate) struct FileStates(Vec<Option<(SystemTime, u64)>>);

/// The message says what is wrong, and never repeats a value, which may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("brokers are kafka://HOST:PORT,HOST:PORT?property=value: {0}")]
pub struct MalformedAddress(String);

impl FromStr for Address {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Address, MalformedAddress> {
        let rest = text.strip_prefix("kafka://").ok_or_else(|| MalformedAddress("the scheme is not kafka".into()))?;
        let (hosts, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut brokers = Vec::new();
        for host in hosts.trim_end_matches('/').split(',') {
            brokers.push(broker(host)?);
        }
        let (mut properties, mut password_file) = (BTreeMap::new(), None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| MalformedAddress("a property has no value".into()))?;
            let value = unescaped(value).ok_or_else(|| MalformedAddress(format!("{name} has a damaged %-escape")))?;
            if name == PASSWORD_FILE {
                password_file = Some(PathBuf::from(value));
            } else if SETTABLE.contains(&name) {
                properties.insert(name.to_owned(), value);
            } else {
                return Err(MalformedAddress(format!("{name} cannot be set; these can: {}", SETTABLE.join(", "))));
            }
        }
        Ok(Address { brokers: brokers.join(","), properties, password_file })
    }
}

/// Without the properties, which may hold a password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kafka://{}", self.brokers)
    }
}

fn broker(host: &str) -> Result<String, MalformedAddress> {
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']'));
    let fits = match port {
        None => !host.is_empty(),
        Some((name, port)) => !name.is_empty() && port.parse::<u16>().is_ok(),
    };
    if !fits || host.contains(['@', '/', ' ']) {
        return Err(MalformedAddress("a broker is HOST or HOST:PORT".into()));
    }
    Ok(if port.is_some() { host.to_owned() } else { format!("{host}:{PORT}") })
}

/// `%41` becomes `A`. A `+` stays a `+`, because passwords contain it.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

impl Address {
    /// The configuration of a client, with the settings that all clients share.
    ///
    /// # Errors
    /// When the password's file cannot be read.
    pub fn client(&self, name: &str) -> Result<ClientConfig, std::io::Error> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", format!("frontdoor-{name}-{}", uuid::Uuid::now_v7().simple()));
        config.set("allow.auto.create.topics", "false");
        // A client reconnects to a broker within a second after it is back.
        config.set("reconnect.backoff.max.ms", "1000");
        // A connection to a silent broker is given up after these times, and opened again.
        config.set("socket.timeout.ms", REQUEST_MS_MAX.to_string());
        config.set("socket.connection.setup.timeout.ms", CONNECT_MS_MAX.to_string());
        config.set("socket.keepalive.enable", "true");
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        if let Some(file) = &self.password_file {
            let named = |error: std::io::Error| {
                std::io::Error::new(error.kind(), format!("{PASSWORD_FILE} {}: {error}", file.display()))
            };
            let password = std::fs::read_to_string(file).map_err(named)?;
            config.set("sasl.password", password.trim_end_matches(['\r', '\n']));
        }
        Ok(config)
    }

    /// The states of its files. To be taken before a client is created, so that a change in between is noticed later.
    pub(crate) fn file_states(&self) -> FileStates {
        let state = |file: &Path| {
            let file = file.metadata().ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        FileStates(self.files().map(state).collect())
    }

    /// True if certificates, key or password were replaced since: new clients would use other ones. A file that is
    /// missing is not a replacement; a client that works keeps working.
    pub(crate) fn has_new_files_since(&self, then: &FileStates) -> bool {
        self.file_states().0.iter().zip(&then.0).any(|(now, then)| now.is_some() && now != then)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        FILES.iter().filter_map(|name| self.property(name)).map(Path::new).chain(self.password_file.as_deref())
    }

    /// The value of a property, if the address sets it.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_brokers_and_properties() {
        let address: Address =
            "kafka://b1,b2:19092?security.protocol=sasl_ssl&sasl.password=a%26b+c".parse().expect("an address");
        assert_eq!(address.brokers, "b1:9092,b2:19092");
        assert_eq!(address.property("sasl.password"), Some("a&b+c"));
        let config = address.client("test").expect("no file is needed");
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let address: Address = "kafka://b1?sasl.password=horse".parse().expect("an address");
        assert_eq!(format!("{address:?}"), "kafka://b1:9092");
        let refused = "kafka://b1?sasl.passwort=horse".parse::<Address>().expect_err("misspelt");
        assert!(!refused.to_string().contains("horse"), "{refused}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "b1:9092", "kafka://", "kafka://b1:x", "kafka://u:p@b1:9092", "kafka://b1,,b2", "kafka://b1?acks=0"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let unread: Address = "kafka://b1?sasl.password.file=/nowhere/at/all".parse().expect("an address");
        assert!(unread.client("test").is_err());
    }

    #[test]
    fn a_replaced_file_is_noticed_and_a_missing_one_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let [ca, password] = ["ca.pem", "password"].map(|name| folder.path().join(name));
        std::fs::write(&ca, "old").expect("written");
        std::fs::write(&password, "horse").expect("written");
        let text = format!("kafka://b1?ssl.ca.location={}&sasl.password.file={}", ca.display(), password.display());
        let address: Address = text.parse().expect("an address");
        for file in [&ca, &password] {
            let then = address.file_states();
            assert!(!address.has_new_files_since(&then));
            std::fs::remove_file(file).expect("removed");
            assert!(!address.has_new_files_since(&then));
            std::fs::write(file, "longer than before").expect("written");
            assert!(address.has_new_files_since(&then));
        }
    }
}
