//! Embeds the style sheets, the script and the icons, each compressed, under a path with a hash of them all.
//!
//! The style sheet is nhsuk-frontend's (MIT), which `make styles` fetches from npm. Its font is left out: it would be loaded
//! from another server, and its licence covers the NHS only.

use std::{
    env,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

const PACKAGE: &str = "node_modules/nhsuk-frontend";
const STYLES: &str = "dist/nhsuk/nhsuk-frontend.min.css";
const ICONS: &str = "dist/nhsuk/assets/images";
const OWN: [(&str, &str); 3] = [
    ("frontdoor.css", "text/css; charset=utf-8"),
    ("frontdoor.js", "text/javascript; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(PACKAGE);
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed={PACKAGE}/package.json");
    let Ok(styles) = fs::read_to_string(package.join(STYLES)) else {
        println!(
            "cargo::error=the pages' style sheet is not there: `make styles` fetches it (nhsuk-frontend, from npm)"
        );
        return Ok(());
    };
    let mut files = vec![("nhsuk.css".to_owned(), "text/css; charset=utf-8", without_font(&styles)?.into_bytes())];
    for icon in ["arrow-down", "arrow-up", "arrow-up-down", "cross"] {
        let name = format!("nhsuk-icon-{icon}.svg");
        let content = fs::read(package.join(ICONS).join(&name))?;
        files.push((format!("images/{name}"), "image/svg+xml", content));
    }
    for (name, content_type) in OWN {
        files.push((name.to_owned(), content_type, fs::read(Path::new("static").join(name))?));
    }
    let mut hash = Sha256::new();
    files.iter().for_each(|(_, _, content)| hash.update(content));
    let version: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    write(&version, &files)
}

/// The style sheet without fonts and the map of its sources, with icons beside it.
fn without_font(styles: &str) -> Result<String, Box<dyn Error>> {
    let mut kept = String::new();
    let mut rest = styles;
    while let Some((before, after)) = rest.split_once("@font-face{") {
        kept += before;
        rest = after.split_once('}').ok_or("a rule of the style sheet has no end")?.1;
    }
    kept += rest;
    let kept = kept.replace("Frutiger W01,", "").replace("/assets/images/", "images/");
    let kept = kept.split("/*# sourceMappingURL").next().unwrap_or_default().to_owned();
    if kept.contains("http") || kept.contains("Frutiger") {
        return Err("the style sheet still refers to another server, or to the font".into());
    }
    Ok(kept)
}

fn write(version: &str, files: &[(String, &str, Vec<u8>)]) -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut table = format!("pub const VERSION: &str = {version:?};\npub static ASSETS: &[Asset] = &[\n");
    for (at, (name, content_type, content)) in files.iter().enumerate() {
        let file = out.join(format!("{at}.gz"));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(content)?;
        fs::write(&file, gzip.finish()?)?;
        table += &format!(
            "    Asset {{ path: {:?}, content_type: {content_type:?}, gzip: include_bytes!({:?}) }},\n",
            format!("{version}/{name}"),
            file.display().to_string()
        );
    }
    table += "];\n";
    Ok(fs::write(out.join("assets.rs"), table)?)
}
