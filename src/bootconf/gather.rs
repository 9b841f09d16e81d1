//! Everything the files and the kernel command line say, in the order it is read.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::cmdline;
use super::files::{self, Aside, Source};
use super::key::{self, Name, Target};
use super::key_tree::KeyTree;
use super::line::{self, Statement};
use super::secret::{SECRET, Secrets};
use super::tree::{Entry, Tree};
use crate::fact::boot::{Definition, Engine, Fate, Outcome, Place};

/// What is read of one file at most.
const MOST_OF_A_FILE: usize = 64 << 20;
/// What is read of all files at most.
const MOST_OF_ALL: usize = 256 << 20;
/// How many definitions are kept at most.
const MOST_DEFINITIONS: usize = 250_000;

/// One thing that was said, without its words.
pub(super) struct Said {
    /// Index of the definition.
    pub(super) definition: usize,
    /// Index of the name in [`Gathered::names`]; `None` if the line could not be understood.
    pub(super) name: Option<usize>,
    /// `None` for an exclusion.
    pub(super) value: Option<Value>,
    pub(super) lenient: bool,
    /// Why the loader does not hear it.
    pub(super) aside: Option<Rc<Aside>>,
    /// It stands on the kernel command line.
    pub(super) by_kernel: bool,
    /// The value must not be shown.
    pub(super) secret: bool,
}

/// A value as it goes to the kernel: a part of the bytes that were read.
#[derive(Clone)]
pub(super) struct Value {
    source: usize,
    range: Range<usize>,
}

/// What was read.
pub(super) struct Gathered {
    pub(super) definitions: Vec<Definition>,
    pub(super) said: Vec<Said>,
    pub(super) names: Vec<Name>,
    /// Names by the loader's spelling; those of the kernel command line stand aside.
    pub(super) by_text: HashMap<Rc<[u8]>, usize>,
    texts: Vec<Rc<[u8]>>,
    pub(super) unreadable: Vec<Place>,
    pub(super) notes: Vec<String>,
}

impl Gathered {
    /// The bytes of a value.
    pub(super) fn bytes(&self, value: &Value) -> &[u8] {
        self.texts
            .get(value.source)
            .and_then(|text| text.get(value.range.clone()))
            .unwrap_or_default()
    }

    pub(super) fn name(&self, said: &Said) -> Option<&Name> {
        self.names.get(said.name?)
    }
}

/// Reads everything there is.
pub(super) fn gather(
    tree: &dyn Tree,
    keys: &KeyTree,
    engine: Engine,
    cmdline: Option<&[u8]>,
) -> Gathered {
    let (sources, closed) = files::sources(tree, engine);
    let mut reader = Reader {
        engine,
        keys,
        known: HashMap::new(),
        secrets: Secrets::new(),
        secret: Vec::new(),
        left: MOST_OF_ALL,
        gathered: Gathered {
            definitions: Vec::new(),
            said: Vec::new(),
            names: Vec::new(),
            by_text: HashMap::new(),
            texts: Vec::new(),
            unreadable: Vec::new(),
            notes: Vec::new(),
        },
    };
    for (directory, error) in closed {
        reader.unreadable(directory, &error, true);
    }
    if let Some(cmdline) = cmdline {
        reader.kernel(cmdline);
    }
    for source in sources {
        reader.file(tree, &source);
    }
    reader.gathered
}

struct Reader<'a> {
    engine: Engine,
    keys: &'a KeyTree<'a>,
    /// Names by what was written.
    known: HashMap<Vec<u8>, usize>,
    secrets: Secrets,
    /// By name: whether it means a secret.
    secret: Vec<bool>,
    left: usize,
    gathered: Gathered,
}

impl Reader<'_> {
    fn kernel(&mut self, cmdline: &[u8]) {
        let text: Rc<[u8]> = cmdline.into();
        let source = self.gathered.texts.len();
        self.gathered.texts.push(Rc::clone(&text));
        for word in cmdline::words(&text) {
            let name = self.add_name(Name::of_cmdline(word.key, self.keys));
            let value = word.value.unwrap_or_default();
            self.push(
                "/proc/cmdline",
                1,
                &New {
                    name: Some(name),
                    key: None,
                    value: Some(value),
                    lenient: false,
                },
                &Origin {
                    source,
                    text: &text,
                    aside: None,
                    by_kernel: true,
                },
            );
        }
    }

    fn file(&mut self, tree: &dyn Tree, source: &Source) {
        let path = source.path();
        let aside = source.aside.clone();
        if !self.is_to_be_read(tree, source, &path) {
            return;
        }
        if self.left == 0 || self.gathered.definitions.len() >= MOST_DEFINITIONS {
            self.pass_over(&path, aside.is_none());
            return;
        }
        let limit = self.left.min(MOST_OF_A_FILE);
        let (text, more) = match tree.read(source.directory, &source.name, limit) {
            Ok(read) => read,
            Err(error) => {
                self.unreadable(&path, &error, aside.is_none());
                return;
            }
        };
        self.left = self.left.saturating_sub(text.len());
        if more {
            self.gathered.notes.push(format!(
                "{path} is longer than {} MiB; the rest of it has not been looked at",
                limit >> 20
            ));
            if aside.is_none() {
                self.gathered.unreadable.push(whole(&path));
            }
        }
        self.lines(&path, &text, more, aside.map(Rc::new).as_ref());
    }

    fn lines(&mut self, path: &str, text: &Rc<[u8]>, more: bool, aside: Option<&Rc<Aside>>) {
        let source = self.gathered.texts.len();
        self.gathered.texts.push(Rc::clone(text));
        let whole_lines = match text.iter().rposition(|byte| *byte == b'\n') {
            Some(end) if more => text.get(..=end).unwrap_or_default(),
            _ => text,
        };
        let mut origin = Origin {
            source,
            text,
            by_kernel: false,
            aside: aside.cloned(),
        };
        let mut full = false;
        let too_long = line::each(self.engine, whole_lines, |line| {
            if self.gathered.definitions.len() >= MOST_DEFINITIONS {
                full = true;
                return;
            }
            if line.lost && aside.is_none() && origin.aside.is_none() {
                origin.aside = Some(Rc::new(Aside::Lost(LOST)));
            }
            if let Some(new) = self.understood(line.says, aside.map(Rc::as_ref)) {
                self.push(path, line.number, &new, &origin);
            }
        });
        if full {
            self.pass_over(path, aside.is_none());
        }
        if let (Some(number), None) = (too_long, aside) {
            self.gathered.notes.push(format!(
                "{path}:{number} has 1 MiB or more; systemd-sysctl reads no further in this file"
            ));
        }
    }

    /// What a statement says; `None` for a line of an unread file that has nothing to do with keys.
    fn understood<'t>(
        &mut self,
        statement: Statement<'t>,
        aside: Option<&Aside>,
    ) -> Option<New<'t>> {
        let (key, value, lenient) = match statement {
            Statement::Assign {
                key,
                value,
                lenient,
            } => (key, Some(value), lenient),
            Statement::Exclude { key } => (key, None, true),
            Statement::Broken { text } => {
                if matches!(aside, Some(Aside::Unread(_))) {
                    return None;
                }
                let (key, value) = apart(text);
                return Some(New {
                    name: None,
                    key: Some(key),
                    value: Some(value),
                    lenient: false,
                });
            }
        };
        let like_a_key = key.iter().any(|byte| matches!(byte, b'.' | b'/'))
            && !key.iter().any(u8::is_ascii_whitespace);
        if matches!(aside, Some(Aside::Unread(_))) && !like_a_key {
            return None;
        }
        Some(New {
            name: Some(self.name_of(key)),
            key: None,
            value,
            lenient,
        })
    }

    fn name_of(&mut self, written: &[u8]) -> usize {
        if let Some(known) = self.known.get(written) {
            return *known;
        }
        let name = Name::new(self.engine, written, self.keys);
        let at = if let Some(known) = self.gathered.by_text.get(&name.text) {
            *known
        } else {
            let text = Rc::clone(&name.text);
            let at = self.add_name(name);
            self.gathered.by_text.insert(text, at);
            at
        };
        self.known.insert(written.to_vec(), at);
        at
    }

    fn add_name(&mut self, mut name: Name) -> usize {
        let pattern = name.target == Target::Pattern;
        self.secret.push(self.secrets.is_one(&name.text, pattern));
        if let Some(key) = self.secrets.cut(&name.key) {
            name.key = key.into();
            // No kernel has such a key, and a path would go on to be shown.
            if matches!(name.target, Target::Key(_)) {
                name.target = Target::Missing(key::NO_SUCH_KEY);
            }
        }
        self.gathered.names.push(name);
        self.gathered.names.len() - 1
    }

    fn push(&mut self, path: &str, number: u32, new: &New<'_>, origin: &Origin<'_>) {
        let secret = match new.name {
            Some(name) => self.secret.get(name) == Some(&true),
            None => self.secrets.is_one(new.key.unwrap_or_default(), false),
        } || new.value.is_some_and(|value| self.secrets.are_in(value));
        let gathered = &mut self.gathered;
        let named = new.name.and_then(|name| gathered.names.get(name));
        let key = match (named, new.key) {
            (Some(name), _) => name.key.to_string(),
            (None, key) => {
                let key = key::shown(key.unwrap_or_default());
                self.secrets.cut(&key).unwrap_or(key)
            }
        };
        let shown = new.value.map(|value| {
            if secret {
                SECRET.to_owned()
            } else {
                String::from_utf8_lossy(value).into_owned()
            }
        });
        gathered.said.push(Said {
            definition: gathered.definitions.len(),
            name: new.name,
            value: new.value.map(|value| origin.value(value)),
            lenient: new.lenient,
            aside: origin.aside.clone(),
            by_kernel: origin.by_kernel,
            secret,
        });
        gathered.definitions.push(Definition {
            place: Place {
                file: path.to_owned(),
                line: Some(number),
            },
            key,
            value: shown,
            lenient: new.lenient,
            // Settled once everything has been read.
            outcome: Outcome {
                fate: Fate::Ignored,
                by: None,
                why: None,
            },
            unread: matches!(origin.aside.as_deref(), Some(Aside::Unread(_))),
        });
    }

    /// Whether a file can be opened; says why not where that matters.
    fn is_to_be_read(&mut self, tree: &dyn Tree, source: &Source, path: &str) -> bool {
        let entry = tree.entry(source.directory, &source.name);
        let aside = source.aside.is_some();
        let what = match entry {
            Some(Entry::File) => return true,
            None | Some(Entry::Null) => return false,
            _ if aside => return false,
            Some(Entry::Dangling) => "is a link that leads nowhere",
            Some(Entry::Directory) => "is a directory",
            Some(Entry::Other) => {
                self.gathered.unreadable.push(whole(path));
                "is neither a file nor a directory, the loader may wait for it for ever"
            }
            Some(Entry::Denied(error)) => {
                self.unreadable(path, &error, true);
                return false;
            }
        };
        self.gathered.notes.push(format!(
            "{path} {what}; it sets nothing and hides its namesakes"
        ));
        false
    }

    fn unreadable(&mut self, path: &str, error: &str, matters: bool) {
        self.gathered
            .notes
            .push(format!("{path} could not be read: {error}"));
        if matters {
            self.gathered.unreadable.push(whole(path));
        }
    }

    fn pass_over(&mut self, path: &str, matters: bool) {
        if matters {
            self.gathered.unreadable.push(whole(path));
        }
        self.gathered.notes.push(format!(
            "{path} has not been looked at to its end: there are too many settings"
        ));
    }
}

const LOST: &str = "it stands behind a line of 1 MiB or more, where the loader gives up";

/// A statement with its name looked up.
struct New<'a> {
    name: Option<usize>,
    /// The key of a line that could not be understood.
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    lenient: bool,
}

/// Where a statement stands.
struct Origin<'a> {
    source: usize,
    text: &'a [u8],
    aside: Option<Rc<Aside>>,
    by_kernel: bool,
}

impl Origin<'_> {
    /// A part of the text, remembered by its position.
    fn value(&self, part: &[u8]) -> Value {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let range = match part {
            [] => 0..0,
            part => start..start + part.len(),
        };
        Value {
            source: self.source,
            range,
        }
    }
}

/// Key and value of a line that lacks its `=`, as its writer may have meant them.
fn apart(text: &[u8]) -> (&[u8], &[u8]) {
    let end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
    let at = text.iter().position(end).unwrap_or(text.len());
    let (key, value) = text.split_at_checked(at).unwrap_or_default();
    let from = value.iter().position(|byte| !end(byte));
    (
        key,
        from.and_then(|from| value.get(from..)).unwrap_or_default(),
    )
}

fn whole(path: &str) -> Place {
    Place {
        file: path.to_owned(),
        line: None,
    }
}
