//! URLs of the configuration. They may hold passwords, so they are never shown whole, and may be given in files, which
//! keeps them out of the list of processes.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use event_log::postgres::PASSWORD_FILE;

use crate::Misconfigured;

/// Bytes of a file with a URL.
const FILE_BYTES_MAX: u64 = 8 * 1024;

/// The supported parameters of a PostgreSQL URL.
const POSTGRES_SETTINGS: [&str; 9] =
    ["host", "port", "user", "password", PASSWORD_FILE, "sslmode", "sslrootcert", "sslcert", "sslkey"];
/// The parameters that name a file.
const POSTGRES_FILES: [&str; 4] = [PASSWORD_FILE, "sslrootcert", "sslcert", "sslkey"];

/// The flags for a URL, and for a file that contains it.
pub const LOG: (&str, &str) = ("--log", "--log-file");
pub const VIEWS: (&str, &str) = ("--views", "--views-file");
pub const FEED: (&str, &str) = ("--feed", "--feed-file");

/// A URL that may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// The URL with its password. Only for opening a connection, never for a message.
    pub fn exposed(&self) -> &str {
        &self.0
    }

    /// The part after `sqlite:`.
    pub fn sqlite(&self) -> Option<&str> {
        self.0.strip_prefix("sqlite:").filter(|place| !place.is_empty())
    }

    pub fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    /// Checks that the URL of a PostgreSQL database has supported parameters only, and that the files it names can be
    /// read.
    ///
    /// # Errors
    /// The problem with the value of `flag`. No part of the value is quoted except the name of a file.
    pub fn checked(&self, flag: &str) -> Result<(), Misconfigured> {
        let wrong = |why: String| Misconfigured(format!("{flag}: {why}"));
        let url = reqwest::Url::parse(&self.0).map_err(|error| wrong(format!("it is no URL: {error}")))?;
        for (name, value) in url.query_pairs() {
            if !POSTGRES_SETTINGS.contains(&&*name) {
                let known = POSTGRES_SETTINGS.join(", ");
                return Err(wrong(format!("{name} cannot be set; these can: {known}")));
            }
            if POSTGRES_FILES.contains(&&*name) {
                File::open(&*value).map_err(|error| wrong(format!("{name}: {value}: {error}")))?;
            }
            if name == "sslmode" && value.parse::<sqlx::postgres::PgSslMode>().is_err() {
                return Err(wrong("sslmode is disable, prefer, require, verify-ca or verify-full".to_owned()));
            }
        }
        Ok(())
    }
}

impl From<String> for Url {
    fn from(text: String) -> Url {
        // Other programs read `sqlite://NAME` as a file in the current folder, so this does the same.
        match text.strip_prefix("sqlite://") {
            Some(place) => Url(format!("sqlite:{place}")),
            None => Url(text),
        }
    }
}

/// Shows the location of a file, and only the scheme of a server's URL.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://") {
            Some((scheme, _)) => write!(f, "{scheme}://…"),
            None if self.0.starts_with("sqlite:") => f.write_str(&self.0),
            None => f.write_str("…"),
        }
    }
}

/// The URL from the flag or from the file, without a trailing line break.
///
/// # Errors
/// If both were given, or the file cannot be read or does not contain a URL.
pub fn given(
    (flag, file_flag): (&str, &str),
    url: Option<&Url>,
    file: Option<&Path>,
) -> Result<Option<Url>, Misconfigured> {
    let Some(path) = file else { return Ok(url.cloned()) };
    if url.is_some() {
        return Err(Misconfigured(format!("{flag} and {file_flag} are both given: give one of them")));
    }
    let wrong = |why: String| Misconfigured(format!("{file_flag}: {}: {why}", path.display()));
    let text = read(path).map_err(|error| wrong(error.to_string()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(wrong("it has to hold one URL and nothing else".to_owned()));
    }
    Ok(Some(Url(text.to_owned())))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    // Reads one byte more than allowed, so that a longer file is detected rather than truncated.
    let bytes = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if bytes as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Removes the credentials from the URLs of a message: the part before an `@`, and the query if it contains a
/// `password`. Every printed failure passes through this function last.
pub fn masked(text: &str) -> String {
    text.split(' ').map(masked_word).collect::<Vec<_>>().join(" ")
}

fn masked_word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    // The last `@`, because a password may contain any character.
    let (hidden, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    match rest.split_once('?') {
        Some((place, query)) if query.contains("password") => format!("{scheme}://{hidden}{place}?…"),
        Some(_) | None => format!("{scheme}://{hidden}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "postgres://me:hidden@db.example/frontdoor?sslmode=verify-full";

    fn url(text: &str) -> Url {
        Url::from(text.to_owned())
    }

    #[test]
    fn no_password_is_shown() {
        for text in [SECRET, "postgres://db/x?password=hidden", "kafka://b?sasl.password=hidden", "me:hidden@db"] {
            assert!(!format!("{:?}", url(text)).contains("hidden"), "{text}");
        }
        for (text, shown) in [
            ("unexpected 'postgres://me:hidden@db/x' found", "unexpected 'postgres://…@db/x' found"),
            ("at postgres://me:hid@den@db/x?port=1 now", "at postgres://…@db/x?port=1 now"),
            ("at postgres://me:hid?den@db/x now", "at postgres://…@db/x now"),
            ("kafka://b?sasl.password=hidden", "kafka://b?…"),
            ("http://127.0.0.1:8081/x is gone", "http://127.0.0.1:8081/x is gone"),
        ] {
            assert_eq!(masked(text), shown);
        }
        assert_eq!(format!("{:?}", url("sqlite:folder")), "sqlite:folder");
    }

    #[test]
    fn two_slashes_after_sqlite_are_not_a_part_of_the_place() {
        for (text, place) in [("sqlite:a/b", "a/b"), ("sqlite://a/b", "a/b"), ("sqlite:///a/b", "/a/b")] {
            assert_eq!(Url::from(text.to_owned()).sqlite(), Some(place), "{text}");
        }
    }

    #[test]
    fn a_file_holds_one_url_and_perhaps_a_line_break() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("url");
        let from_file = |text: &str| {
            std::fs::write(&file, text).expect("written");
            given(LOG, None, Some(&file)).map(|url| url.map(|url| url.exposed().to_owned()))
        };
        for text in [SECRET.to_owned(), format!("{SECRET}\n"), format!("{SECRET}\r\n")] {
            assert_eq!(from_file(&text).expect("it is read").as_deref(), Some(SECRET));
        }
        let long = format!("sqlite:{}", "x".repeat(10_000));
        for text in ["", "\n", "postgres://a\npostgres://b\n", "postgres://a\n\n", &long] {
            let refused = from_file(text).expect_err("is refused").to_string();
            assert!(refused.starts_with("--log-file: ") && refused.contains("/url: it "), "{refused}");
        }
        let both = given(LOG, Some(&url(SECRET)), Some(&file)).expect_err("is refused").to_string();
        assert_eq!(both, "--log and --log-file are both given: give one of them");
        let missing = given(FEED, None, Some(&folder.path().join("none"))).expect_err("is refused").to_string();
        assert!(missing.contains("/none: No such file"), "{missing}");
        assert_eq!(given(LOG, None, None).expect("neither"), None);
    }

    #[test]
    fn a_setting_that_is_not_understood_is_refused_and_not_repeated() {
        for (url, why) in [
            ("postgres://me@db/x?pasword=hidden", "--log: pasword cannot be set"),
            ("postgres://me:hidden@db:x/x", "--log: it is no URL"),
            ("postgres://me:hidden@db/x?sslmode=verify", "sslmode is disable"),
            ("postgres://me:hidden@db/x?sslrootcert=/nowhere/ca.pem", "sslrootcert: /nowhere/ca.pem: No such file"),
        ] {
            let refused = Url::from(url.to_owned()).checked("--log").expect_err("is refused").to_string();
            assert!(refused.contains(why) && !refused.contains("hidden"), "{refused}");
        }
        url(SECRET).checked("--log").expect("it is understood");
    }
}
