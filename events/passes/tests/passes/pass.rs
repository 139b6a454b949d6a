//! A pass is issued, verified, expires, and is revoked.

use coset::{CoseSign1, TaggedCborSerializable, cbor::value::Value};
use passes::{IssueFault, PassContents, PassFault, RevocationList, Uvci, expiry, issue, verify};

use crate::{
    common::{CHECKED, ISSUED, at, contents, country, key, nothing_revoked, trust},
    forge::{claims, header, member, pass, passed, unpacked},
};

#[test]
fn a_pass_is_verified_offline_and_has_the_contents_that_were_signed() {
    assert_eq!(passed(pass().text()), Ok(contents()));
    assert!(pass().text().starts_with("HC1:"));
    assert!(pass().text().len() < 650, "{} characters", pass().text().len());
}

#[test]
fn the_same_contents_and_key_give_the_same_pass() {
    assert_eq!(issue(&key(1), &contents()), issue(&key(1), &contents()));
    assert_ne!(issue(&key(1), &contents()), issue(&key(2), &contents()));
}

#[test]
fn the_signed_data_is_laid_out_as_the_eu_dcc_says() {
    let signed = unpacked(&pass());
    let message = CoseSign1::from_tagged_slice(&signed).expect("COSE_Sign1 with its tag");
    assert_eq!(message.protected.header, header().build());
    assert!(message.unprotected.is_empty() && message.signature.len() == 64);
    let mut claims = claims();
    let keys: Vec<_> = claims.as_map().expect("a map").iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys, [1, 4, 6, -260].map(Value::from));
    assert_eq!(*member(&mut claims, &1.into()), "GB".into());
    assert_eq!(*member(&mut claims, &4.into()), (at(ISSUED).micros() / 1_000_000 + 30 * 86_400).into());
    assert_eq!(*member(&mut claims, &6.into()), (at(ISSUED).micros() / 1_000_000).into());
    let dcc = member(member(&mut claims, &(-260).into()), &1.into());
    let map = |members: &[(&str, Value)]| {
        Value::Map(members.iter().map(|(key, value)| (Value::from(*key), value.clone())).collect())
    };
    let names = [
        ("fn", "d'Červenková Panklová".into()),
        ("fnt", "DCERVENKOVA<PANKLOVA".into()),
        ("gn", "Jiřina-Maria Alena".into()),
        ("gnt", "JIRINA<MARIA<ALENA".into()),
    ];
    let vaccination = [
        ("tg", "840539006".into()),
        ("vp", "1119349007".into()),
        ("mp", "EU/1/20/1528".into()),
        ("ma", "ORG-100030215".into()),
        ("dn", 2.into()),
        ("sd", 2.into()),
        ("dt", "2026-11-02".into()),
        ("co", "GB".into()),
        ("is", "NHS England".into()),
        ("ci", contents().vaccination.uvci.as_str().into()),
    ];
    let expected = [
        ("ver", "1.3.0".into()),
        ("nam", map(&names)),
        ("dob", "1964-08-12".into()),
        ("v", Value::Array(vec![map(&vaccination)])),
    ];
    assert_eq!(*dcc, map(&expected));
}

#[test]
fn a_pass_expires_after_30_days_to_the_second() {
    let check = |now: &str| verify(pass().text(), &trust(&[&key(1)]), &nothing_revoked(), at(now));
    assert!(check("2026-12-27T07:59:59Z").is_ok());
    assert_eq!(check("2026-12-27T08:00:00Z"), Err(PassFault::Expired));
    assert_eq!(expiry(at(ISSUED)), at("2026-12-27T08:00:00Z"));
}

#[test]
fn a_pass_is_not_valid_before_its_issue_but_for_a_minute_of_the_clocks() {
    let check = |now: &str| verify(pass().text(), &trust(&[&key(1)]), &nothing_revoked(), at(now));
    assert!(check("2026-11-27T07:59:00Z").is_ok());
    assert_eq!(check("2026-11-27T07:58:59Z"), Err(PassFault::NotYetValid));
}

#[test]
fn a_revoked_pass_is_refused_and_others_are_not() {
    let revoked = |uvci: &Uvci| RevocationList::new(at(CHECKED), [uvci.revocation_hash()]).expect("a list");
    let check = |list: &RevocationList| verify(pass().text(), &trust(&[&key(1)]), list, at(CHECKED));
    assert_eq!(check(&revoked(&contents().vaccination.uvci)), Err(PassFault::Revoked));
    assert!(check(&revoked(&Uvci::new(country("GB"), "OTHER").expect("an identifier"))).is_ok());
}

#[test]
fn a_pass_that_verifiers_would_refuse_is_not_issued() {
    let times = |issued_at: &str, expires_at: &str| PassContents {
        issued_at: at(issued_at),
        expires_at: at(expires_at),
        ..contents()
    };
    let issued = |contents: &PassContents| issue(&key(1), contents).map(|_| ());
    assert_eq!(issued(&times(ISSUED, ISSUED)), Err(IssueFault::Validity));
    assert_eq!(issued(&times(ISSUED, "2026-12-27T08:00:01Z")), Err(IssueFault::Validity));
    assert_eq!(issued(&times(ISSUED, "2026-12-27T08:00:00.9Z")), Ok(()));
    assert_eq!(issued(&times("2025-12-31T23:59:59Z", "2026-01-02T00:00:00Z")), Err(IssueFault::KeyNotValid));
    assert_eq!(issued(&times("2027-01-01T00:00:00Z", "2027-01-31T00:00:00Z")), Ok(()));
    assert_eq!(issued(&times("2027-01-02T00:00:00Z", "2027-02-01T00:00:00Z")), Err(IssueFault::KeyNotValid));
    let mut zero = contents();
    zero.vaccination.dose = 0;
    assert_eq!(issued(&zero), Err(IssueFault::DoseZero));
}

#[test]
fn the_longest_contents_fit_in_a_qr_code_or_are_refused() {
    // Characters that cannot be compressed much, and of four bytes.
    let mut state = 1_u32;
    let mut random = |first: u32, count: u32, length: usize| -> String {
        (0..length)
            .filter_map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from_u32(first + (state >> 8) % count)
            })
            .collect()
    };
    let name = |surname: String, forename: String| {
        passes::HolderName::with_latin(
            Some(surname.parse().expect("a name")),
            Some("A".repeat(80).parse().expect("letters")),
            Some(forename.parse().expect("a name")),
            None,
        )
        .expect("a name")
    };
    let mut long = contents();
    long.name = name(random(0x2_0000, 40_000, 80), random(0x2_0000, 40_000, 80));
    let pass = issue(&key(1), &long).expect("fits");
    assert_eq!(passed(pass.text()), Ok(long.clone()));
    passes::qr_svg(pass.text()).expect("fits");
    for code in [
        &mut long.vaccination.disease,
        &mut long.vaccination.vaccine,
        &mut long.vaccination.product,
        &mut long.vaccination.manufacturer,
        &mut long.vaccination.issuer,
    ] {
        *code = random(0x20, 95, 80).parse().expect("a code");
    }
    let result = issue(&key(1), &long);
    assert!(
        result.as_ref().map_or_else(|fault| *fault == IssueFault::TooLong, |pass| passes::qr_png(pass.text()).is_ok())
    );
}

#[test]
fn nothing_personal_is_printed_for_debugging_or_in_faults() {
    let printed = format!("{:?} {:?} {:?}", contents(), pass(), contents().vaccination.uvci);
    for personal in ["Panklov", "PANKLOV", "1964", "840539006", "HC1:", "DADFCC"] {
        assert!(!printed.contains(personal), "{printed}");
    }
    let faulty = format!("HC1:{}é", &pass().text()[4..]);
    assert!(!passed(&faulty).expect_err("refused").to_string().contains("HC1:"));
}

#[test]
fn the_key_of_a_pass_is_found_among_several() {
    let trusted = trust(&[&key(3), &key(1), &key(2)]);
    assert_eq!(verify(pass().text(), &trusted, &nothing_revoked(), at(CHECKED)), Ok(contents()));
}
