//! The QR code. That other programs read it is tested in `deploy/frontdoor/tests/foreign_pass.rs`.

use crate::common::{contents, key};
use passes::{QrFault, issue, qr_png, qr_svg};

fn text() -> String {
    issue(&key(1), &contents()).expect("issued").text().to_owned()
}

#[test]
fn the_pictures_are_always_the_same() {
    assert_eq!(qr_svg(&text()), qr_svg(&text()));
    assert_eq!(qr_png(&text()), qr_png(&text()));
    assert_ne!(qr_svg(&text()), qr_svg("HC1:A"));
}

#[test]
fn the_svg_has_a_title_a_quiet_zone_and_nothing_that_is_fetched() {
    let svg = qr_svg(&text()).expect("a code");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "), "{svg}");
    assert!(svg.contains("role=\"img\"") && svg.contains("<title>QR code of a vaccination pass</title>"));
    assert!(!svg.contains("href") && !svg.contains("url("));
    let side: usize = svg.split(['"', ' ']).nth(7).expect("a size").parse().expect("a number");
    // The sizes of QR codes, and four white modules on each side.
    assert!((21..=177).contains(&(side - 8)) && (side - 8 - 17).is_multiple_of(4), "{side}");
    let dark = svg.split("d=\"").nth(2).expect("the modules");
    for rectangle in dark.split('M').skip(1) {
        let numbers: Vec<usize> =
            rectangle.split([' ', 'h', 'v']).take(3).map(|n| n.parse().expect("a number")).collect();
        let (x, y, width) = (numbers[0], numbers[1], numbers[2]);
        assert!(x >= 4 && y >= 4 && x + width <= side - 4 && y < side - 4, "{rectangle}");
    }
}

#[test]
fn the_png_is_black_and_white_and_has_the_size_of_its_modules() {
    let picture = qr_png(&text()).expect("a picture");
    let mut reader = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().expect("a PNG");
    let (info, side) = (reader.info().clone(), usize::try_from(reader.info().width).expect("a size"));
    assert_eq!(
        (info.width, info.color_type, info.bit_depth),
        (info.height, png::ColorType::Grayscale, png::BitDepth::One)
    );
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut pixels).expect("pixels");
    let is_white = |x: usize, y: usize| pixels[y * side.div_ceil(8) + x / 8] & (0x80 >> (x % 8)) != 0;
    let border = 4 * 8;
    assert!(
        (0..side)
            .all(|n| (0..border).all(|edge| is_white(n, edge) && is_white(edge, n) && is_white(n, side - 1 - edge)))
    );
    assert!(!is_white(border, border) && picture.len() < 8_000, "{}", picture.len());
}

#[test]
fn a_text_that_is_not_a_pass_has_no_code() {
    for (text, fault) in [
        (String::new(), QrFault::NotAlphanumeric),
        ("HC1:a".to_owned(), QrFault::NotAlphanumeric),
        ("HC1:é".to_owned(), QrFault::NotAlphanumeric),
        ("A".repeat(2_421), QrFault::TooLong),
    ] {
        assert_eq!((qr_svg(&text), qr_png(&text)), (Err(fault), Err(fault)));
    }
    assert!(qr_svg(&"A".repeat(2_420)).is_ok());
}
