//! Own fixtures.
