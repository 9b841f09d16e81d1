//! Lines of texts that set keys, and the kernels they are written for.

use super::KernelVersion;

/// The spellings an assignment can have, as rules and JSON name them; see `assign::Syntax`.
pub const SYNTAXES: [&str; 9] = [
    "conf", "command", "proc", "sed", "yaml", "nix", "ruby", "puppet", "prose",
];

/// Why an assignment does not do what it means to do, as rules and JSON name it; see `assign::Flaw`.
pub const FLAWS: [&str; 6] = [
    "blanks",
    "trailing-comment",
    "quotes",
    "command-in-conf",
    "no-assignment",
    "stray-character",
];

/// One place in a text that sets a key, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them may be true beside any other"
)]
pub struct Assigned {
    /// The file.
    pub file: String,
    /// The line of the key, from 1.
    pub line: usize,
    /// The dotted key.
    pub key: String,
    /// The value as it reaches the kernel; of a dynamic one the text. `None` where only the key is there.
    pub value: Option<String>,
    /// One of [`SYNTAXES`].
    pub syntax: &'static str,
    /// One of [`FLAWS`].
    pub flaw: Option<&'static str>,
    /// The line sets nothing, and would without its comment mark.
    pub commented: bool,
    /// Key or value hold a variable.
    pub dynamic: bool,
    /// What the line calls the default of the key.
    pub stated_default: Option<String>,
    /// It stands in the specification of a pod.
    pub pod: bool,
    /// It stands in a file that a loader reads, line after line.
    pub loaded: bool,
    /// How many tags of a template that begin or end a branch stand before it in its file; `None` for none.
    pub branch: Option<u32>,
}

impl Assigned {
    /// `FILE:LINE`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Whether it stands in a sysctl.conf, which not every loader reads; a file of that name in a folder
    /// sysctl.d is one like the others there.
    pub fn is_in_sysctl_conf(&self) -> bool {
        let folder = self.file.strip_suffix("sysctl.conf");
        folder.is_some_and(|folder| {
            (folder.is_empty() || folder.ends_with('/')) && !folder.ends_with("sysctl.d/")
        })
    }

    /// Whether the line sets a value that is known.
    pub fn sets(&self) -> Option<&str> {
        let nothing = matches!(
            self.flaw,
            Some("blanks" | "command-in-conf" | "no-assignment" | "stray-character")
        );
        let acts = !self.commented && !self.dynamic && !nothing;
        self.value.as_deref().filter(|_| acts)
    }
}

/// A kernel that texts are judged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is called: `RHEL 9 (5.14)`, `5.14`.
    pub name: String,
    /// Its release.
    pub kernel: KernelVersion,
}

/// The lines that are judged together: those of a file, or of the files that make one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    /// The lines, in the order in which they act.
    pub lines: Vec<Assigned>,
    /// The kernels, oldest first.
    pub targets: Vec<Target>,
    /// The Kubernetes release that pods are written for, as two numbers; `None`: the newest that is known.
    pub kubernetes: Option<(u32, u32)>,
}
