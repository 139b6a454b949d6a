//! Generators of schemas, by direction.

use schemars::{SchemaGenerator, generate::SchemaSettings};

/// Schemas of what is sent to us.
pub fn parameters() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_deserialize().into_generator()
}

/// Schemas of what we answer.
pub fn answers() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}
