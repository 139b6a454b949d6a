//! The demonstration pathways. They show the format and are tested like real ones; no clinician has approved them.

/// The five demonstration pathways: the name of the file, and its text.
pub const RELEASES: [(&str, &str); 5] = [
    ("abdominal-pain.1", include_str!("../releases/abdominal-pain.1.json")),
    ("chest-pain.1", include_str!("../releases/chest-pain.1.json")),
    ("child-fever.1", include_str!("../releases/child-fever.1.json")),
    ("headache.1", include_str!("../releases/headache.1.json")),
    ("minor-skin-problem.1", include_str!("../releases/minor-skin-problem.1.json")),
];
