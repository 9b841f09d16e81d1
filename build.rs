//! Turns the data under `rules/` into Rust before the crate is compiled, so that nothing is parsed
//! at start.

#[path = "src/build/catalog/mod.rs"]
mod catalog;
#[path = "src/build/profiles.rs"]
mod profiles;
#[path = "src/build/rules.rs"]
mod rules;
#[path = "src/build/topics.rs"]
mod topics;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    directive("rerun-if-changed=src/build");
    directive("rerun-if-changed=rules");
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                directive(&format!("error={line}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Every generated part; the message of the first fault names its file and position.
fn generate() -> Result<(), String> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    catalog::generate(&root.join("rules/catalog"), &out.join("catalog.rs"))?;
    profiles::generate(&root.join("rules/profiles"), &out.join("profiles.rs"))?;
    topics::generate(&root.join("rules/topics"), &out.join("topics.rs"))?;
    rules::generate(&root.join("rules"), &out.join("rules.rs"))
}

/// Cargo reads directives from standard output.
fn directive(text: &str) {
    println!("cargo::{text}");
}
