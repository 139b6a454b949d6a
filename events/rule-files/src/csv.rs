//! A strict reader of comma-separated values (RFC 4180), as spreadsheets write them: UTF-8, with or without a byte order mark,
//! lines that end with CRLF or LF.

/// The longest file.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// The most records, the header included.
pub const RECORDS_MAX: usize = 10_001;
/// The most fields of a record.
pub const FIELDS_MAX: usize = 200;

/// A record, and the line on which it begins, from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct CsvRecord {
    pub line: usize,
    pub fields: Vec<String>,
}

/// A table that has no cases to run: the line of the fault, from 1, and the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct UnreadableCases {
    pub line: usize,
    pub fault: String,
}

/// The records of a text. An empty text has none.
///
/// # Errors
/// The text is not a table of at most 1 MiB, 10,001 lines and 200 columns.
pub fn records(text: &str) -> Result<Vec<CsvRecord>, UnreadableCases> {
    if text.len() > FILE_BYTES_MAX {
        return Err(UnreadableCases { line: 1, fault: "the file has more than 1 MiB".into() });
    }
    let mut reader = CsvReader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        if records.len() == RECORDS_MAX {
            return Err(reader.fault("the file has more than 10,001 lines"));
        }
        records.push(reader.record()?);
    }
    Ok(records)
}

struct CsvReader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> CsvReader<'a> {
    fn fault(&self, fault: &str) -> UnreadableCases {
        UnreadableCases { line: self.line, fault: fault.into() }
    }

    fn record(&mut self) -> Result<CsvRecord, UnreadableCases> {
        let (line, mut fields) = (self.line, Vec::new());
        loop {
            if fields.len() == FIELDS_MAX {
                return Err(self.fault("the line has more than 200 fields"));
            }
            fields.push(if self.rest.starts_with('"') { self.quoted()? } else { self.plain()? });
            if self.skip(",") {
                continue;
            }
            if self.skip("\r\n") || self.skip("\n") || self.rest.is_empty() {
                self.line += 1;
                return Ok(CsvRecord { line, fields });
            }
            return Err(self.fault("after a closing quote there is more than a comma or the end of the line"));
        }
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn plain(&mut self) -> Result<String, UnreadableCases> {
        let end = self.rest.find([',', '\n', '"']).unwrap_or(self.rest.len());
        if self.rest[end..].starts_with('"') {
            return Err(self.fault("there is a quote in a field that does not begin with one"));
        }
        let field = self.rest[..end].strip_suffix('\r').unwrap_or(&self.rest[..end]);
        if field.contains('\r') {
            return Err(self.fault("there is a carriage return without a line feed"));
        }
        let field = field.to_owned();
        self.take(field.len());
        Ok(field)
    }

    fn quoted(&mut self) -> Result<String, UnreadableCases> {
        self.take(1);
        let mut field = String::new();
        loop {
            let end = self.rest.find('"').ok_or_else(|| self.fault("a quote is not closed"))?;
            field.push_str(self.take(end));
            self.take(1);
            if !self.skip("\"") {
                self.line += field.matches('\n').count();
                return Ok(field);
            }
            field.push('"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(usize, Vec<String>)> {
        records(text).expect("records").into_iter().map(|record| (record.line, record.fields)).collect()
    }

    fn row(line: usize, fields: &[&str]) -> (usize, Vec<String>) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn spreadsheets_files_are_read() {
        assert_eq!(fields(""), []);
        assert_eq!(fields("\u{feff}a,b\r\n1,\r\n"), [row(1, &["a", "b"]), row(2, &["1", ""])]);
        assert_eq!(fields("a\n\nb"), [row(1, &["a"]), row(2, &[""]), row(3, &["b"])]);
        assert_eq!(fields("\"a,\"\"b\"\"\nc\",d\ne"), [row(1, &["a,\"b\"\nc", "d"]), row(3, &["e"])]);
    }

    #[test]
    fn other_files_are_refused_with_the_line() {
        for (text, line) in [("a\nb\"c", 2), ("a\n\"b", 2), ("\"a\"b", 1), ("a\rb", 1)] {
            assert_eq!(records(text).expect_err("a fault").line, line, "{text:?}");
        }
        assert!(records(&"a".repeat(FILE_BYTES_MAX + 1)).is_err());
        assert!(records(&",".repeat(FIELDS_MAX)).is_err());
        assert!(records(&"a\n".repeat(RECORDS_MAX + 1)).is_err());
    }
}
