//! The tests of the vaccination pass. All of them are one program, which is linked once.

mod common;
mod documents;
mod faults;
mod forge;
mod keys;
mod laws;
mod pass;
mod qr;
mod tampering;
