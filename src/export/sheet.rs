//! What a target writes down: settings, who wants them, what was left out.

use std::io::{self, Write};

use super::judge::Refused;
use super::setting::{Export, Setting};
use super::target::{Target, Terms};
use crate::fact::inert;

/// The settings that are written, with the words around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// By what command, and of what.
    pub made: String,
    /// The settings, in order.
    pub settings: Vec<Setting>,
    /// What was left out.
    pub left: Vec<Refused>,
    /// What was said about the tool.
    pub terms: Terms,
}

impl Sheet {
    /// The sheet for a target, of what it carries.
    pub fn new(
        export: &Export,
        target: &dyn Target,
        settings: Vec<Setting>,
        left: Vec<Refused>,
        terms: Terms,
    ) -> Self {
        Self {
            made: format!(
                "Made by `tcptune export --to {}` from {}.",
                target.word(),
                export.source
            ),
            settings,
            left,
            terms,
        }
    }

    /// Writes what stands at the head: where it comes from, what to do with it, what was left out.
    pub(super) fn head(&self, usage: &[&str], out: &mut dyn Write) -> io::Result<()> {
        comment("", &self.made, out)?;
        for line in usage {
            comment("", line, out)?;
        }
        if !self.left.is_empty() {
            comment("", "Left out, as it cannot be carried:", out)?;
            for one in &self.left {
                comment("", &format!("  {one}"), out)?;
            }
        }
        Ok(())
    }

    /// Writes who wants a setting, `indent` deep.
    pub(super) fn reasons(indent: &str, setting: &Setting, out: &mut dyn Write) -> io::Result<()> {
        let least = if setting.at_least { "; at least" } else { "" };
        comment(
            indent,
            &format!("{}{least}", setting.because.join(", ")),
            out,
        )
    }

    /// Writes the settings as lines of a file in sysctl.d, each `indent` deep.
    pub(super) fn lines(&self, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        for setting in &self.settings {
            Self::reasons(indent, setting, out)?;
            writeln!(out, "{indent}{} = {}", setting.key, setting.value)?;
        }
        Ok(())
    }
}

/// Writes one line of comment. What comes from outside stays on it.
pub(super) fn comment(indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{indent}# {}", inert(text))
}
