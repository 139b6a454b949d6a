//! Letters in other scripts, and letters with marks, in the letters of travel documents (ICAO Doc 9303, part 3, section 6, tables A
//! to C).

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Latin letters that are more than a letter of `A` to `Z` with a mark, and those with a mark that have two letters (table A).
const LATIN: &[(char, &str)] = &[
    ('Ä', "AE"),
    ('Å', "AA"),
    ('Æ', "AE"),
    ('Ð', "D"),
    ('Đ', "D"),
    ('Ə', "E"),
    ('Ħ', "H"),
    ('ı', "I"),
    ('Ĳ', "IJ"),
    ('ĸ', "Q"),
    ('Ł', "L"),
    ('Ŀ', "L"),
    ('Ŋ', "N"),
    ('ŉ', "N"),
    ('Ö', "OE"),
    ('Ø', "OE"),
    ('Œ', "OE"),
    ('ß', "SS"),
    ('ẞ', "SS"),
    ('Þ', "TH"),
    ('Ŧ', "T"),
    ('Ü', "UE"),
];

/// Table B. Where countries differ, the column that is not of one country.
const CYRILLIC: &[(char, &str)] = &[
    ('А', "A"),
    ('Б', "B"),
    ('В', "V"),
    ('Г', "G"),
    ('Ґ', "G"),
    ('Ѓ', "G"),
    ('Д', "D"),
    ('Ђ', "D"),
    ('Е', "E"),
    ('Ё', "E"),
    ('Є', "IE"),
    ('Ж', "ZH"),
    ('З', "Z"),
    ('Ѕ', "DZ"),
    ('И', "I"),
    ('І', "I"),
    ('Ї', "I"),
    ('Й', "I"),
    ('Ј', "J"),
    ('К', "K"),
    ('Ќ', "K"),
    ('Л', "L"),
    ('Љ', "LJ"),
    ('М', "M"),
    ('Н', "N"),
    ('Њ', "NJ"),
    ('О', "O"),
    ('П', "P"),
    ('Р', "R"),
    ('С', "S"),
    ('Т', "T"),
    ('Ћ', "C"),
    ('У', "U"),
    ('Ў', "U"),
    ('Ф', "F"),
    ('Х', "KH"),
    ('Ц', "TS"),
    ('Ч', "CH"),
    ('Џ', "DZ"),
    ('Ш', "SH"),
    ('Щ', "SHCH"),
    ('Ъ', "IE"),
    ('Ы', "Y"),
    ('Ь', ""),
    ('Э', "E"),
    ('Ю', "IU"),
    ('Я', "IA"),
];

/// Table C, the letters of Arabic. The marks of vowels are left out, as the table says.
const ARABIC: &[(char, &str)] = &[
    ('ء', "XE"),
    ('آ', "XAA"),
    ('أ', "XAE"),
    ('ؤ', "U"),
    ('إ', "I"),
    ('ئ', "XI"),
    ('ا', "A"),
    ('ب', "B"),
    ('ة', "XTA"),
    ('ت', "T"),
    ('ث', "XTH"),
    ('ج', "J"),
    ('ح', "XH"),
    ('خ', "XKH"),
    ('د', "D"),
    ('ذ', "XDH"),
    ('ر', "R"),
    ('ز', "Z"),
    ('س', "S"),
    ('ش', "XSH"),
    ('ص', "XSS"),
    ('ض', "XDZ"),
    ('ط', "XTT"),
    ('ظ', "XZZ"),
    ('ع', "E"),
    ('غ', "G"),
    ('ـ', ""),
    ('ف', "F"),
    ('ق', "Q"),
    ('ك', "K"),
    ('ل', "L"),
    ('م', "M"),
    ('ن', "N"),
    ('ه', "H"),
    ('و', "W"),
    ('ى', "XAY"),
    ('ي', "Y"),
];

/// The name in the letters `A` to `Z`, with one `<` between words, or the first character for which there are none. The result is
/// longer than the name: up to four letters a character.
pub(crate) fn transliterate(name: &str) -> Result<String, char> {
    let mut letters = String::with_capacity(name.len());
    for character in name.nfc().flat_map(upper) {
        match character {
            // Words, and the parts of a double name (4.6 of part 3).
            ' ' | '-' | '\u{2010}' | '\u{2011}' | ',' => letters.push('<'),
            // Apostrophes and full stops are left out.
            '\'' | '\u{2019}' | '\u{2bc}' | '`' | '.' => {}
            letter => push(letter, &mut letters)?,
        }
    }
    let words: Vec<&str> = letters.split('<').filter(|word| !word.is_empty()).collect();
    Ok(words.join("<"))
}

/// The upper case of a letter of one script; `ß` and `ı` stay, because their upper case is another letter.
fn upper(character: char) -> impl Iterator<Item = char> {
    let is_letter = !matches!(character, 'ß' | 'ı' | 'ĸ' | 'ŉ');
    let stays = (!is_letter).then_some(character);
    let upper = is_letter.then(|| character.to_uppercase());
    stays.into_iter().chain(upper.into_iter().flatten())
}

fn push(letter: char, letters: &mut String) -> Result<(), char> {
    if letter.is_ascii_uppercase() {
        letters.push(letter);
        return Ok(());
    }
    let known = [LATIN, CYRILLIC, ARABIC].into_iter().flatten().find(|(from, _)| *from == letter);
    if let Some((_, to)) = known {
        letters.push_str(to);
        return Ok(());
    }
    if is_combining_mark(letter) {
        return Ok(());
    }
    // A letter with a mark: the letter without it.
    let mut parts = std::iter::once(letter).nfd();
    match parts.next() {
        Some(base) if base != letter => push(base, letters),
        Some(_) | None => Err(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_published_examples_are_transliterated() {
        for (name, letters) in [
            // Examples of the EU DCC's schema.
            ("d'Červenková Panklová", "DCERVENKOVA<PANKLOVA"),
            ("Jiřina-Maria Alena", "JIRINA<MARIA<ALENA"),
            ("ابو بكر محمد بن زكريا الرازي", "ABW<BKR<MXHMD<BN<ZKRYA<ALRAZY"),
            ("ناصر", "NAXSSR"),
            // Examples of ICAO Doc 9303, part 3.
            ("Mustermann-Gößinger", "MUSTERMANN<GOESSINGER"),
            ("van der Muellen", "VAN<DER<MUELLEN"),
            ("O'Connor", "OCONNOR"),
            ("Müller", "MUELLER"),
            ("Ångström", "AANGSTROEM"),
            ("Þórðardóttir", "THORDARDOTTIR"),
            ("Łukasz", "LUKASZ"),
            ("Ñuñez", "NUNEZ"),
            ("Щербаков", "SHCHERBAKOV"),
            ("Юлия", "IULIIA"),
            ("Сергей", "SERGEI"),
            ("Nguyễn Thị Ánh", "NGUYEN<THI<ANH"),
            ("Øystein Ælfgård", "OEYSTEIN<AELFGAARD"),
        ] {
            assert_eq!(transliterate(name).as_deref(), Ok(letters), "{name}");
        }
    }

    #[test]
    fn letters_and_marks_apart_give_the_same_as_together() {
        assert_eq!(transliterate("Mu\u{308}ller"), transliterate("Müller"));
        assert_eq!(transliterate("e\u{301}e\u{328}\u{301}").as_deref(), Ok("EE"));
    }

    #[test]
    fn spaces_and_hyphens_are_one_separator_and_never_at_the_ends() {
        assert_eq!(transliterate(" - Anna  - Maria. ").as_deref(), Ok("ANNA<MARIA"));
        assert_eq!(transliterate("-").as_deref(), Ok(""));
    }

    #[test]
    fn a_character_without_letters_is_named() {
        for unknown in ['7', '王', 'Α', '_', '🙂'] {
            assert_eq!(transliterate(&format!("Anna {unknown}")), Err(unknown));
        }
    }
}
