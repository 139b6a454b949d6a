//! A folder with an issuer's keys, lists and passes, which `frontdoor pass` makes.

use std::process::Command;

use tempfile::TempDir;

/// A synthetic person.
pub struct TestHolder {
    pub surname: &'static str,
    pub forename: &'static str,
    pub born: &'static str,
    pub uvci: &'static str,
}

pub const HOLDER: TestHolder = TestHolder {
    surname: "Mustermann-Gößinger",
    forename: "Ængla Łucja",
    born: "1964-08-12",
    uvci: "URN:UVCI:01:GB:DADFCC47C7334E45A906DB12FD859FB7#N",
};

/// Runs the binary. Returns its exit code and its output.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdoor")).args(arguments).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

pub struct Issuer {
    pub folder: TempDir,
    /// The output of `frontdoor pass key`.
    pub made: String,
}

impl Issuer {
    /// An issuer with a key for a year, a trust list, and an empty revocation list.
    pub fn new(from: &str) -> Issuer {
        let mut issuer = Issuer { folder: tempfile::tempdir().expect("a folder"), made: String::new() };
        issuer.made = issuer.add_key(from);
        issuer.trust_list(from);
        issuer.revoke("");
        issuer
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn well(&self, arguments: &[&str]) -> String {
        let (code, text) = run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
        text
    }

    pub fn add_key(&self, from: &str) -> String {
        let keys = self.path("keys");
        self.well(&["pass", "key", "--country", "GB", "--days", "365", "--from", from, "--out", &keys])
    }

    /// Writes the trust list of a time to `trust.json`.
    pub fn trust_list(&self, at: &str) -> String {
        let list = self.well(&["pass", "trust-list", "--keys", &self.path("keys"), "--at", at]);
        std::fs::write(self.path("trust.json"), &list).expect("written");
        list
    }

    /// Writes a revocation list to `revoked.json`; it is empty for an empty identifier.
    pub fn revoke(&self, uvci: &str) {
        std::fs::write(self.path("revoked.txt"), uvci).expect("written");
        let list = self.well(&["pass", "revocation-list", &self.path("revoked.txt")]);
        std::fs::write(self.path("revoked.json"), list).expect("written");
    }

    pub fn write_contents(&self, issued_at: &str) -> String {
        let issued: jiff::Timestamp = issued_at.parse().expect("an instant");
        let expires = issued + jiff::SignedDuration::from_hours(30 * 24);
        let contents = serde_json::json!({
            "name": {"surname": HOLDER.surname, "forename": HOLDER.forename},
            "born": HOLDER.born,
            "vaccination": {
                "disease": "840539006", "vaccine": "1119349007", "product": "EU/1/20/1528", "manufacturer": "ORG-100030215",
                "dose": 2, "doses": 2, "givenOn": "2026-10-20", "country": "GB", "issuer": "NHS England", "uvci": HOLDER.uvci,
            },
            "issuedAt": issued.to_string(),
            "expiresAt": expires.to_string(),
        });
        let file = self.path("contents.json");
        std::fs::write(&file, contents.to_string()).expect("written");
        file
    }

    /// The text of a pass that is issued at this time, with its pictures in `pass.png` and `pass.svg`.
    pub fn pass(&self, issued_at: &str) -> String {
        let contents = self.write_contents(issued_at);
        let (keys, svg, png) = (self.path("keys"), self.path("pass.svg"), self.path("pass.png"));
        let task = ["pass", "issue", "--keys", &keys, "--contents", &contents, "--svg", &svg, "--png", &png];
        self.well(&task).trim_end_matches('\n').to_owned()
    }

    /// Checks a pass at a time with the issuer's lists. Returns the exit code and the output.
    pub fn check(&self, pass: &str, at: &str, more: &[&str]) -> (Option<i32>, String) {
        let file = self.path("checked.txt");
        std::fs::write(&file, format!("{pass}\n")).expect("written");
        let (trust, revoked) = (self.path("trust.json"), self.path("revoked.json"));
        let task = ["pass", "check", &file, "--trust", &trust, "--revoked", &revoked, "--at", at];
        run(&[&task[..], more].concat())
    }
}
