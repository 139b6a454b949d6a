//! The style sheets, the script and the icons, as the build embeds them.

use page_engine::Asset;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of an asset.
pub fn address(name: &str) -> String {
    format!("/assets/{VERSION}/{name}")
}
