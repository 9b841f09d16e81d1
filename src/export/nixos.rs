//! A module for NixOS.

use std::io::{self, Write};

use super::quote::nix;
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// The option `boot.kernel.sysctl`.
#[derive(Clone, Copy, Debug)]
pub(super) struct NixOs;

impl Target for NixOs {
    fn word(&self) -> &'static str {
        "nixos"
    }

    fn about(&self) -> &'static str {
        "A module with boot.kernel.sysctl; evaluated in a test by nix-instantiate, not built"
    }

    fn refuses(&self, _: &Setting, _: &Terms) -> Option<String> {
        None
    }

    /// A set of attributes is written down by name.
    fn keeps_order(&self) -> bool {
        false
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "A module for `imports`. Where NixOS sets a key itself, put lib.mkForce before the value.",
        ];
        sheet.head(&usage, out)?;
        writeln!(out, "{{")?;
        writeln!(out, "  boot.kernel.sysctl = {{")?;
        for setting in &sheet.settings {
            Sheet::reasons("    ", setting, out)?;
            let value = match setting.number() {
                Some(number) => number.to_string(),
                None => nix(&setting.value),
            };
            writeln!(out, "    {} = {value};", nix(&setting.key))?;
        }
        writeln!(out, "  }};")?;
        writeln!(out, "}}")
    }
}
