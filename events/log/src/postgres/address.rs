//! The address of a database, with a password that may change while the process runs.

use std::{io, path::PathBuf, str::FromStr};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::io::AsyncReadExt;

/// The parameter of a URL that names a file with the password. Line breaks at the file's end are not part of the password.
pub const PASSWORD_FILE: &str = "passwordfile";
/// The maximum size of that file in bytes.
const PASSWORD_BYTES_MAX: u64 = 1024;

/// A PostgreSQL database, and the settings of its sessions. With a password file, each new connection reads the file, so that a new
/// password needs no restart. Connections that are open go on with the old one, as the database allows.
#[derive(Clone)]
pub struct DatabaseAddress {
    options: PgConnectOptions,
    password_file: Option<PathBuf>,
}

impl DatabaseAddress {
    /// Parses `postgres://ROLE@HOST/DATABASE?…`.
    ///
    /// # Errors
    /// The fault of the URL. No part of the URL is quoted.
    pub fn parse(url: &str) -> Result<DatabaseAddress, String> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let is_password_file = |parameter: &&str| parameter.split('=').next() == Some(PASSWORD_FILE);
        let (files, others): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|parameter| !parameter.is_empty()).partition(is_password_file);
        let password_file = match files[..] {
            [] => None,
            [file] => form_urlencoded::parse(file.as_bytes()).next().map(|(_, value)| PathBuf::from(&*value)),
            _ => return Err(format!("{PASSWORD_FILE} is given twice")),
        };
        let url = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
        let options = PgConnectOptions::from_str(&url)
            .map_err(|error| format!("this is no address of a PostgreSQL database: {error}"))?;
        Ok(DatabaseAddress { options: options.disable_statement_logging(), password_file })
    }

    /// The same database with these settings for each session.
    #[must_use]
    pub fn with<const N: usize>(self, application: &str, settings: [(&str, &str); N]) -> DatabaseAddress {
        DatabaseAddress { options: self.options.application_name(application).options(settings), ..self }
    }

    /// The name with which its sessions are shown in `pg_stat_activity`.
    pub fn application(&self) -> &str {
        self.options.get_application_name().unwrap_or_default()
    }

    /// A new connection, with the password of this moment.
    ///
    /// # Errors
    /// The database's error, or that of the password file.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.current().await?).await
    }

    /// The settings of a connection, with the password of this moment.
    pub(super) async fn current(&self) -> Result<PgConnectOptions, sqlx::Error> {
        let Some(file) = &self.password_file else { return Ok(self.options.clone()) };
        let unfit = |why: &str| sqlx::Error::Io(io::Error::other(format!("{PASSWORD_FILE} {}: {why}", file.display())));
        let mut text = String::new();
        let read = async {
            // One byte more than allowed, so that a longer file is noticed.
            let file = tokio::fs::File::open(file).await?;
            file.take(PASSWORD_BYTES_MAX + 1).read_to_string(&mut text).await
        };
        let bytes = read.await.map_err(|error| unfit(&error.to_string()))?;
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() || bytes as u64 > PASSWORD_BYTES_MAX {
            return Err(unfit(&format!("it has to hold a password, in at most {PASSWORD_BYTES_MAX} bytes")));
        }
        Ok(self.options.clone().password(password))
    }

    /// The settings without a password from the file, and whether there is one.
    pub(super) fn without_password(&self) -> (PgConnectOptions, bool) {
        (self.options.clone(), self.password_file.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_password_is_read_for_each_connection() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a password");
        let named = file.display().to_string().replace(' ', "%20");
        let address =
            DatabaseAddress::parse(&format!("postgres://role@host/database?{PASSWORD_FILE}={named}&sslmode=disable"));
        let address = address.expect("an address");
        assert!(address.current().await.expect_err("there is no file").to_string().contains("a password"));
        for password in ["first", "second"] {
            std::fs::write(&file, format!("{password}\n")).expect("written");
            let url = address.current().await.expect("it is read").to_url_lossy();
            assert_eq!(url.password(), Some(password));
            assert!(!url.as_str().contains(PASSWORD_FILE), "the database does not know it");
        }
        std::fs::write(&file, "\n").expect("written");
        assert!(address.current().await.is_err(), "it is empty");
    }

    #[test]
    fn an_address_without_a_file_is_that_of_the_url() {
        assert!(DatabaseAddress::parse("postgres://role:word@host/database?sslmode=disable").is_ok());
        assert!(DatabaseAddress::parse("postgres://host:port/database").is_err());
        assert!(DatabaseAddress::parse(&format!("postgres://host/?{PASSWORD_FILE}=a&{PASSWORD_FILE}=b")).is_err());
    }
}
