//! Many hosts out of one.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::PROGRAM;

/// Saved hosts in a folder of their own.
pub(crate) struct Hosts {
    folder: TempDir,
    pub(crate) number: usize,
    /// Of one file, in bytes.
    pub(crate) size: usize,
}

/// Stands where each host has a text of its own.
const NAME: &str = "@name@";
const COOKIES: &str = "@cookies@";
const QUEUE: &str = "@queue@";

impl Hosts {
    /// So many, in names and a few values different.
    pub(crate) fn made(number: usize) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let output = Command::new(PROGRAM)
            .args([
                "snapshot",
                "--interval",
                "1",
                "--label",
                "role=edge",
                "-o",
                "-",
            ])
            .output()?;
        let mut one: Value = serde_json::from_slice(&output.stdout)?;
        for sample in ["now", "earlier"] {
            one[sample]["host"]["name"] = json!(NAME);
        }
        let readings = &mut one["now"]["readings"];
        readings["sysctl.net.ipv4.tcp_syncookies"] = json!({ "known": { "int": COOKIES } });
        readings["sysctl.net.core.somaxconn"] = json!({ "known": { "int": QUEUE } });
        let text = one.to_string();
        let quoted = |marker: &str| format!("\"{marker}\"");
        for at in 0..number {
            let text = text
                .replace(NAME, &format!("host-{at:05}"))
                .replace(&quoted(COOKIES), if at % 7 == 0 { "0" } else { "1" })
                .replace(&quoted(QUEUE), if at % 10 == 0 { "128" } else { "4096" });
            fs::write(folder.path().join(name(at)), text)?;
        }
        let size = text.len();
        Ok(Self {
            folder,
            number,
            size,
        })
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The files of the first few.
    pub(crate) fn first(&self, number: usize) -> Vec<PathBuf> {
        let names = (0..number).map(name);
        names.map(|name| self.folder.path().join(name)).collect()
    }
}

fn name(at: usize) -> String {
    format!("host-{at:05}.json")
}
