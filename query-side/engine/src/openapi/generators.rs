//! Generators of schemas, by direction.

use schemars::{SchemaGenerator, generate::SchemaSettings};

/// The generator for schemas of input.
pub fn parameters() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_deserialize().into_generator()
}

/// The generator for schemas of answers.
pub fn answers() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}
