//! Markdown: fences by what stands in them, the rest as sentences and tables.

use super::line::has_prompts;
use super::prose;
use super::script::{Script, Style};
use crate::assign::found::{Finds, Source, may_name_a_key};
use crate::assign::{Assignment, conf, nix, puppet, ruby, yaml};

/// Reads a page.
pub(super) fn read(source: &Source<'_>, finds: &mut Finds) {
    let mut from = 0;
    let mut open: Option<Fence> = None;
    for (begin, line) in source.lines() {
        let next = (begin + line.len() + 1).min(source.text.len());
        match &open {
            None => {
                if let Some(fence) = Fence::of(line) {
                    sentences(&source.part(from, begin), finds);
                    open = Some(fence);
                    from = next;
                }
            }
            Some(fence) => {
                if fence.is_ended_by(line) {
                    fenced(&fence.language, &source.part(from, begin), finds);
                    open = None;
                    from = next;
                }
            }
        }
    }
    let rest = source.part(from, source.text.len());
    match open {
        Some(fence) => fenced(&fence.language, &rest, finds),
        None => sentences(&rest, finds),
    }
}

/// The line that begins a fence.
struct Fence {
    mark: char,
    length: usize,
    language: String,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        let bare = line.trim_start_matches([' ', '\t', '>', '\u{feff}']);
        let bare = bare
            .strip_prefix("- ")
            .or_else(|| bare.strip_prefix("* "))
            .unwrap_or(bare);
        let mark = bare
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '~'))?;
        let rest = bare.trim_start_matches(mark);
        let length = bare.len() - rest.len();
        if length < 3 || rest.contains('`') {
            return None;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '}' | ':');
        let word = rest.trim_start_matches([' ', '{', '.']).split(ends).next();
        Some(Self {
            mark,
            length,
            language: word.unwrap_or_default().to_lowercase(),
        })
    }

    fn is_ended_by(&self, line: &str) -> bool {
        let bare = line.trim_start_matches([' ', '\t', '>']).trim_end();
        bare.len() >= self.length && bare.chars().all(|c| c == self.mark)
    }
}

/// What stands between the fences: sentences, and code that is indented.
fn sentences(source: &Source<'_>, finds: &mut Finds) {
    let mut from = 0;
    for (begin, end) in indented(source) {
        let Some(code) = other_language(&source.part(begin, end)) else {
            continue;
        };
        spoken(&source.part(from, begin), finds);
        let at = source.at(begin);
        finds.embedded.extend(code.into_iter().map(|one| (at, one)));
        from = end;
    }
    spoken(&source.part(from, source.text.len()), finds);
}

/// Where blocks of indented lines stand, with blank lines in them.
fn indented(source: &Source<'_>) -> Vec<(usize, usize)> {
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    let mut goes_on = false;
    for (begin, line) in source.lines() {
        if line.trim().is_empty() {
            continue;
        }
        let is_code = line.starts_with("    ") || line.starts_with('\t');
        if is_code {
            let end = (begin + line.len() + 1).min(source.text.len());
            match blocks.last_mut().filter(|_| goes_on) {
                Some(last) => last.1 = end,
                None => blocks.push((begin, end)),
            }
        }
        goes_on = is_code;
    }
    blocks
}

/// The assignments of code that nothing says the language of, and that looks like none of the shell.
fn other_language(source: &Source<'_>) -> Option<Vec<Assignment>> {
    let text: &str = &source.text;
    if !may_name_a_key(text) {
        return None;
    }
    let found = guessed(text)?(text);
    (!found.is_empty()).then_some(found)
}

/// Who reads a text that looks like Puppet, Chef or Nix.
fn guessed(text: &str) -> Option<fn(&str) -> Vec<Assignment>> {
    let mut lines = text.lines().map(str::trim_start);
    let is_resource = |line: &str| {
        let (name, title) = line.split_once('{').unwrap_or_default();
        name.contains("sysctl")
            && !name.contains(['=', '$', '"', '\''])
            && title.trim_start().starts_with(['\'', '"', '['])
    };
    if text.contains("boot.kernel.sysctl") {
        Some(nix::find)
    } else if text.contains("=>") && lines.clone().any(is_resource) {
        Some(puppet::find)
    } else if lines.any(|line| line.starts_with("sysctl") && line.trim_end().ends_with(" do")) {
        Some(ruby::find)
    } else {
        None
    }
}

fn spoken(source: &Source<'_>, finds: &mut Finds) {
    if may_name_a_key(&source.text) {
        let style = Style::Mixed {
            prompts: true,
            headings: true,
        };
        Script::new(finds, 0).read(source, style);
    }
}

fn fenced(language: &str, source: &Source<'_>, finds: &mut Finds) {
    let text: &str = &source.text;
    if !may_name_a_key(text) {
        return;
    }
    let reader: Option<fn(&str) -> Vec<Assignment>> = match language {
        "yaml" | "yml" | "json" | "jsonc" | "json5" => Some(yaml::find),
        "nix" => Some(nix::find),
        "ruby" | "rb" => Some(ruby::find),
        "puppet" | "pp" => Some(puppet::find),
        "" | "text" | "txt" if looks_like_yaml(text) => Some(yaml::find),
        "" | "text" | "txt" => guessed(text),
        _ => None,
    };
    if let Some(reader) = reader {
        let found = reader(text);
        if !found.is_empty() || !conf::is_pure(text) {
            finds
                .embedded
                .extend(found.into_iter().map(|one| (source.at(0), one)));
            return;
        }
    }
    let is_script = text.trim_start().starts_with("#!");
    let style = match language {
        "diff" | "patch" => return changed(source, finds),
        "sh" | "bash" | "shell" | "zsh" | "ksh" | "dockerfile" | "docker" => Style::Script,
        _ if is_script => Style::Script,
        "ini" | "conf" | "properties" | "toml" | "sysctl" => Style::Mixed {
            prompts: false,
            headings: false,
        },
        _ => Style::Mixed {
            prompts: has_prompts(text),
            headings: false,
        },
    };
    Script::new(finds, 0).read(source, style);
}

fn looks_like_yaml(text: &str) -> bool {
    [
        "sysctls:",
        "apiVersion:",
        "securityContext:",
        "ansible.posix.sysctl",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

/// A difference: what is added is set.
fn changed(source: &Source<'_>, finds: &mut Finds) {
    for (begin, line) in source.lines() {
        let Some(added) = line.strip_prefix('+') else {
            continue;
        };
        match conf::statement(added) {
            Some(says) => finds.found.push(says.found(source, begin + 1, added)),
            None => prose::line(source, begin + 1, added, finds),
        }
    }
}
