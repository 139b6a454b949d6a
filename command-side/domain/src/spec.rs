//! Given, when, then: how the specs beside the commands are written.
