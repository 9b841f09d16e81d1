//! Assignments: every place in a text where somebody sets a sysctl of the network.
//!
//! The text may be a configuration file, a script, infrastructure code or a page of prose. What is found is what
//! the text says, with its place; whether it is wise is judged elsewhere (`lint`). Pure: text in, assignments
//! out; no I/O, no panic on any input, time linear in the text.
//!
//! ```
//! let found = tcptune::assign::find("tune.sh", "sysctl -w net.ipv4.tcp_tw_recycle=1\n");
//! assert_eq!((found[0].line, found[0].key.as_str()), (1, "net.ipv4.tcp_tw_recycle"));
//! ```

mod conf;
mod embed;
mod expression;
mod found;
mod frames;
mod key;
mod kind;
#[cfg(test)]
mod laws;
mod lines;
mod nix;
#[cfg(test)]
mod nix_tests;
mod passed;
mod puppet;
#[cfg(test)]
mod puppet_tests;
mod ruby;
#[cfg(test)]
mod ruby_tests;
#[cfg(test)]
mod shown;
mod spot;
mod token;
mod tuned;
mod value;
mod written;
mod yaml;

pub use kind::FileKind;

/// One place that sets a key, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The line that holds the key, from 1.
    pub line: usize,
    /// Where the key begins on it, in characters from 1.
    pub column: usize,
    /// The line that holds the value, where it is another one.
    pub value_line: usize,
    /// The dotted key: `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`. Misspelt keys stay so.
    pub key: String,
    /// The value: runs of blanks as one, without the quotes of the text's own syntax. Quotes and comments that
    /// a loader would pass on to the kernel are in it. Of a dynamic one the text as written; empty where only
    /// the key is there.
    pub value: String,
    /// What follows the value on its line and is no part of it: a comment of the text's syntax.
    pub trail: Option<String>,
    /// The line sets nothing, and would without its comment mark.
    pub commented: bool,
    /// Key or value hold a variable, a template or an expression.
    pub dynamic: bool,
    /// How it is written.
    pub syntax: Syntax,
    /// Why it does not do what it means to do.
    pub flaw: Option<Flaw>,
}

/// How an assignment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    /// A line of a sysctl.conf, or of a text written into one.
    Conf,
    /// `sysctl -w key=value`, `docker run --sysctl key=value`, `sysctl.key=value` on the kernel's command line.
    Command,
    /// A write to a file below /proc/sys.
    ProcWrite,
    /// `sed` that replaces a line by an assignment.
    Sed,
    /// YAML or JSON: maps, lists, name and value.
    Yaml,
    /// Nix.
    Nix,
    /// Ruby, as of Chef.
    Ruby,
    /// Puppet.
    Puppet,
    /// Prose that tells somebody to set it: Markdown, HTML, plain text.
    Prose,
}

impl Syntax {
    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conf => "conf",
            Self::Command => "command",
            Self::ProcWrite => "proc",
            Self::Sed => "sed",
            Self::Yaml => "yaml",
            Self::Nix => "nix",
            Self::Ruby => "ruby",
            Self::Puppet => "puppet",
            Self::Prose => "prose",
        }
    }
}

/// Why an assignment does not do what it means to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// `sysctl -w key = value`: three words, of which none is an assignment.
    Blanks,
    /// A comment behind the value, which the loader takes for a part of it.
    TrailingComment,
    /// Quotes that reach the kernel.
    Quotes,
    /// A `sysctl` command in a file that is read by a loader.
    CommandInConf,
    /// Key and value without `=` in a file that is read by a loader.
    NoAssignment,
    /// A character that looks like a blank, or like nothing, and is none to a loader.
    StrayCharacter,
}

impl Flaw {
    /// The word in rules and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blanks => "blanks",
            Self::TrailingComment => "trailing-comment",
            Self::Quotes => "quotes",
            Self::CommandInConf => "command-in-conf",
            Self::NoAssignment => "no-assignment",
            Self::StrayCharacter => "stray-character",
        }
    }
}

/// Every assignment of a text, in the order of its lines. The name of its file tells how to read it; where it
/// does not, the text does.
pub fn find(name: &str, text: &str) -> Vec<Assignment> {
    let kind = FileKind::of(name, text);
    let mut found = match kind {
        FileKind::Conf if tuned::is_profile(text) => tuned::find(text),
        FileKind::Conf => match conf::find(text) {
            // Of a program that is no loader of sysctls: its lines may hold commands or lists.
            found if found.is_empty() && !kind::is_for_loader(name) => {
                lines::find(FileKind::Text, text)
            }
            found => found,
        },
        FileKind::Yaml | FileKind::Json => yaml::find(text),
        FileKind::Nix => nix::find(text),
        FileKind::Ruby => ruby::find(text),
        FileKind::Puppet => puppet::find(text),
        _ => lines::find(kind, text),
    };
    let passed = passed::find(text, &found);
    found.extend(passed);
    found.sort_by_key(|one| (one.line, one.column));
    found
}
