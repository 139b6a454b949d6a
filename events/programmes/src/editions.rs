//! The demonstration programmes. They show the format and are tested like real ones; no clinician has approved them.

/// The demonstration programmes: the name of the file, and its text.
pub const EDITIONS: [(&str, &str); 4] = [
    ("covid-19.1", include_str!("../editions/covid-19.1.json")),
    ("influenza.1", include_str!("../editions/influenza.1.json")),
    ("mmr.1", include_str!("../editions/mmr.1.json")),
    ("pneumococcal.1", include_str!("../editions/pneumococcal.1.json")),
];
