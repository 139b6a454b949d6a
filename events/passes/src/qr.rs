//! The QR code of a pass, as SVG for pages and as PNG. Alphanumeric mode, and error correction Q, as the hcert specification
//! recommends (4.2.2); a quiet zone of four modules (ISO/IEC 18004, 6.3.8). It should be printed 35 to 60 mm wide.

use std::fmt::Write;

use fast_qr::{ECL, Mode, QRBuilder, QRCode};

use crate::{base45, issue::PASS_CHARACTERS_MAX};

/// Modules around the code that stay white.
const QUIET_MODULES: usize = 4;
/// Pixels of a module in a PNG. At 300 dpi a usual pass is then about 63 mm wide, and it is scaled down.
const PIXELS_PER_MODULE: usize = 8;
/// For screen readers.
const TITLE: &str = "QR code of a vaccination pass";

/// The reason why a text has no QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrFault {
    #[error("the text has characters that are not alphanumeric in QR codes")]
    NotAlphanumeric,
    #[error("the text is longer than {PASS_CHARACTERS_MAX} characters")]
    TooLong,
    #[error("the picture cannot be encoded")]
    Encoding,
}

fn code(text: &str) -> Result<QRCode, QrFault> {
    if text.len() > PASS_CHARACTERS_MAX {
        return Err(QrFault::TooLong);
    }
    if text.is_empty() || !text.bytes().all(|character| base45::ALPHABET.contains(&character)) {
        return Err(QrFault::NotAlphanumeric);
    }
    QRBuilder::new(text).mode(Mode::Alphanumeric).ecl(ECL::Q).build().map_err(|_| QrFault::TooLong)
}

/// The code as an SVG picture without a size, which the page gives it. Always the same for the same text.
///
/// # Errors
/// If the text does not fit, or has other characters than a pass.
pub fn qr_svg(text: &str) -> Result<String, QrFault> {
    let code = code(text)?;
    let side = code.size + 2 * QUIET_MODULES;
    let mut path = String::new();
    for row in 0..code.size {
        let modules = &code[row];
        let mut column = 0;
        // A run of dark modules is one rectangle, so that there are no gaps between them when it is scaled.
        while column < code.size {
            let run = modules[column..code.size].iter().take_while(|module| module.value()).count();
            if run > 0 {
                let (x, y) = (column + QUIET_MODULES, row + QUIET_MODULES);
                // Writing to a text does not fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            column += run + 1;
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" shape-rendering=\"crispEdges\">\
         <title>{TITLE}</title><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// The code as a PNG in black and white. Always the same for the same text.
///
/// # Errors
/// If the text does not fit, or has other characters than a pass.
pub fn qr_png(text: &str) -> Result<Vec<u8>, QrFault> {
    let code = code(text)?;
    let side = (code.size + 2 * QUIET_MODULES) * PIXELS_PER_MODULE;
    let row_bytes = side.div_ceil(8);
    let mut pixels = vec![0xff_u8; row_bytes * side];
    for y in 0..code.size * PIXELS_PER_MODULE {
        let modules = &code[y / PIXELS_PER_MODULE];
        for x in (0..code.size * PIXELS_PER_MODULE).filter(|x| modules[x / PIXELS_PER_MODULE].value()) {
            let (x, y) = (x + QUIET_MODULES * PIXELS_PER_MODULE, y + QUIET_MODULES * PIXELS_PER_MODULE);
            pixels[y * row_bytes + x / 8] &= !(0x80 >> (x % 8));
        }
    }
    let width = u32::try_from(side).map_err(|_| QrFault::TooLong)?;
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(|_| QrFault::Encoding)?;
    writer.write_image_data(&pixels).map_err(|_| QrFault::Encoding)?;
    writer.finish().map_err(|_| QrFault::Encoding)?;
    Ok(picture)
}
