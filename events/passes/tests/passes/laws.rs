//! Random passes.

use crate::common::{CHECKED, ISSUED, at, contents, country, key, nothing_revoked, trust};
use passes::{
    HolderName, IssuingKey, PassContents, PassFault, PassVaccination, TrustList, Uvci, expiry, issue, qr_png, qr_svg,
    verify,
};
use proptest::prelude::*;
use std::sync::LazyLock;

static KEY: LazyLock<IssuingKey> = LazyLock::new(|| key(1));
static TRUST: LazyLock<TrustList> = LazyLock::new(|| trust(&[&KEY]));

prop_compose! {
    fn name()(
        surname in "[A-Za-zÀ-ÿА-яء-ي王-]{1,80}",
        surname_latin in "[A-Z]{1,30}(<[A-Z]{1,20}){0,2}",
        forename in proptest::option::of("[A-Za-zÀ-ſ' ]{0,78}x"),
        forename_latin in proptest::option::of("[A-Z]{1,80}"),
    ) -> HolderName {
        let text = |text: String| text.parse().expect("a name");
        let latin = |text: String| text.parse().expect("letters");
        HolderName::with_latin(Some(text(surname)), Some(latin(surname_latin)), forename.map(text), forename_latin.map(latin))
            .expect("a name")
    }
}

prop_compose! {
    fn any_contents()(
        name in name(),
        born in "(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?)?|",
        codes in proptest::collection::vec("[!-~][ -~é]{0,40}", 5),
        dose in 1..=u8::MAX,
        doses in 1..=u8::MAX,
        days_ago in 0_i64..1_000,
        place in "[A-Z]{2}",
        opaque in "[A-Z0-9/]{1,48}",
        days in 1_i64..=30,
    ) -> PassContents {
        let code = |at: usize| codes[at].parse().expect("a code");
        PassContents {
            name,
            born: born.parse().expect("a date"),
            vaccination: PassVaccination {
                disease: code(0),
                vaccine: code(1),
                product: code(2),
                manufacturer: code(3),
                dose,
                doses,
                given_on: contents().vaccination.given_on.plus_days(-days_ago),
                country: country(&place),
                issuer: code(4),
                uvci: Uvci::new(country(&place), &opaque).expect("an identifier"),
            },
            issued_at: at(ISSUED),
            expires_at: at(ISSUED).plus_days(days),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_pass_that_is_issued_has_a_code_and_verifies_to_its_contents(contents in any_contents()) {
        let pass = issue(&KEY, &contents).expect("issued");
        prop_assert!(contents.expires_at <= expiry(contents.issued_at));
        let now = at(CHECKED).min(contents.expires_at.plus_minutes(-1));
        prop_assert_eq!(verify(pass.text(), &TRUST, &nothing_revoked(), now), Ok(contents.clone()));
        prop_assert_eq!(verify(pass.text(), &TRUST, &nothing_revoked(), contents.expires_at), Err(PassFault::Expired));
        prop_assert!(qr_svg(pass.text()).is_ok() && qr_png(pass.text()).is_ok());
        prop_assert_eq!(issue(&KEY, &contents), Ok(pass));
    }

    #[test]
    fn no_text_makes_the_check_fail_otherwise_than_with_a_fault(text in "(HC1:)?[0-9A-Z $%*+./:-]{0,300}", other in "\\PC{0,100}") {
        prop_assert!(verify(&text, &TRUST, &nothing_revoked(), at(CHECKED)).is_err());
        prop_assert!(verify(&other, &TRUST, &nothing_revoked(), at(CHECKED)).is_err());
    }
}
