//! Passes are verified by programs that are not ours (`deploy/passes/verify.py` says which), and refused by them and by
//! `frontdoor pass check` for the same faults. `make passes` installs them; so does `make test`.

#[path = "common/pass_files.rs"]
mod pass_files;

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use pass_files::{HOLDER, Issuer};
use passes::{RevocationList, TrustList, verify};
use serde_json::{Value, json};

/// The same as in the Makefile.
const FOLDER: &str = "pass-verifier-cwt-3.3.0";

struct ForeignVerifier {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl ForeignVerifier {
    /// `None`, loudly, where it is not installed; in CI that is a failure.
    fn start() -> Option<ForeignVerifier> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("PASS_VERIFIER").unwrap_or_else(|| {
            let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_default();
            cache.join("frontdoor/tools").join(FOLDER)
        });
        let python = folder.join("bin/python");
        if !python.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "passes must be verified by a foreign program in CI: run `make passes`"
            );
            eprintln!(
                "NOT TESTED: no pass was verified by a foreign program, which {} lacks. `make passes` installs it.",
                folder.display()
            );
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../passes/verify.py");
        let mut process =
            Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
        let (requests, answers) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        Some(ForeignVerifier { process, requests, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, issuer: &Issuer, mut request: Value) -> Value {
        request["trust"] = issuer.path("trust.json").into();
        request["revoked"] = issuer.path("revoked.json").into();
        writeln!(self.requests, "{request}").expect("it reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        serde_json::from_str(&answer).expect("JSON")
    }

    fn refuses(&mut self, issuer: &Issuer, pass: &str, why: &str) {
        let answer = self.ask(issuer, json!({"text": pass}));
        assert_eq!(answer["accepted"], false, "{why}: {answer}");
        assert!(answer["why"].as_str().is_some_and(|text| text.contains(why)), "{why}: {answer}");
    }
}

impl Drop for ForeignVerifier {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The foreign library takes the machine's time.
fn now_and_days_ago(days: i64) -> (String, String) {
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).expect("a time");
    (now.to_string(), (now - jiff::SignedDuration::from_hours(days * 24)).to_string())
}

#[test]
fn a_foreign_program_reads_the_code_and_accepts_a_valid_pass() {
    let Some(mut foreign) = ForeignVerifier::start() else { return };
    let (now, begin) = now_and_days_ago(60);
    let issuer = Issuer::new(&begin);
    let pass = issuer.pass(&now);
    assert_eq!(issuer.check(&pass, &now, &[]).0, Some(0));
    let answer = foreign.ask(&issuer, json!({"png": issuer.path("pass.png")}));
    assert_eq!(answer["accepted"], true, "{answer}");
    assert_eq!(answer["text"], pass.as_str());
    let (claims, issued) = (&answer["claims"], now.parse::<jiff::Timestamp>().expect("a time").as_second());
    assert_eq!(
        (&claims["iss"], &claims["iat"], &claims["exp"]),
        (&json!("GB"), &json!(issued), &json!(issued + 30 * 86_400))
    );
    let dcc = json!({
        "ver": "1.3.0",
        "nam": {"fn": HOLDER.surname, "fnt": "MUSTERMANN<GOESSINGER", "gn": HOLDER.forename, "gnt": "AENGLA<LUCJA"},
        "dob": HOLDER.born,
        "v": [{
            "tg": "840539006", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215", "dn": 2, "sd": 2,
            "dt": "2026-10-20", "co": "GB", "is": "NHS England", "ci": HOLDER.uvci,
        }],
    });
    assert_eq!(claims["dcc"], dcc);
}

#[test]
fn expired_revoked_and_foreign_passes_are_refused_by_the_foreign_program_and_by_ours() {
    let Some(mut foreign) = ForeignVerifier::start() else { return };
    let (now, begin) = now_and_days_ago(60);
    let issuer = Issuer::new(&begin);

    let expired = issuer.pass(&now_and_days_ago(31).1);
    foreign.refuses(&issuer, &expired, "The token has expired.");
    assert_eq!(issuer.check(&expired, &now, &[]), (Some(1), "refused: the pass has expired\n".to_owned()));

    let other = Issuer::new(&begin).pass(&now);
    foreign.refuses(&issuer, &other, "key");
    assert_eq!(issuer.check(&other, &now, &[]), (Some(1), "refused: the key is not on the trust list\n".to_owned()));

    let pass = issuer.pass(&now);
    assert_eq!(foreign.ask(&issuer, json!({"text": &pass}))["accepted"], true);
    issuer.revoke(HOLDER.uvci);
    foreign.refuses(&issuer, &pass, "revoked");
    assert_eq!(issuer.check(&pass, &now, &[]), (Some(1), "refused: the pass was revoked\n".to_owned()));
}

#[test]
fn a_pass_with_any_bit_of_its_text_flipped_is_refused_by_the_foreign_program_and_by_ours() {
    let Some(mut foreign) = ForeignVerifier::start() else { return };
    let (now, begin) = now_and_days_ago(60);
    let issuer = Issuer::new(&begin);
    let pass = issuer.pass(&now);
    let read = |name: &str| std::fs::read_to_string(issuer.path(name)).expect("a list");
    let (trust, revoked) = (
        TrustList::parse(&read("trust.json")).expect("a list"),
        RevocationList::parse(&read("revoked.json")).expect("a list"),
    );
    for (at, bit) in (0..pass.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = pass.clone().into_bytes();
        bytes[at] ^= 1 << bit;
        let Ok(tampered) = String::from_utf8(bytes) else { continue };
        foreign.refuses(&issuer, &tampered, "");
        assert!(
            verify(&tampered, &trust, &revoked, now.parse().expect("a time")).is_err(),
            "character {at}, bit {bit}"
        );
        if at % 100 == 7 && bit == 0 {
            assert_eq!(issuer.check(&tampered, &now, &[]).0, Some(1), "character {at}, bit {bit}");
        }
    }
}
