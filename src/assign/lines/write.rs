//! Texts that a script writes: `echo`, `printf`, `tee`, heredocs, into a file or into the kernel.

use super::script::{DEEP, Script, Style};
use super::unit;
use super::variables::Variables;
use super::words::{Command, Word, unescaped};
use crate::assign::found::{Found, Source};
use crate::assign::{Syntax, conf, value, yaml};
use crate::catalog;

/// Where the output of a pipeline goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a file, or a command that loads it.
    File,
    /// To the output of what stands around.
    Output,
    /// It is looked at, or thrown away.
    Nowhere,
}

/// Commands that write what they are given.
pub(super) fn is_producer(name: &str) -> bool {
    matches!(name, "echo" | "printf" | "cat" | "tee")
}

/// What a pipeline writes, and where it goes.
pub(super) fn pipeline(
    source: &Source<'_>,
    commands: &[Command],
    written: &mut Vec<Found>,
    script: &mut Script<'_>,
) -> Place {
    let kernel = kernel_files(commands, &script.variables);
    if !kernel.is_empty() {
        into_kernel(source, commands, &kernel, written);
        return Place::File;
    }
    let kept = is_kept(commands);
    let looked_at = commands.iter().skip(1).any(|command| {
        command.words.first().is_some_and(|word| {
            matches!(
                word.name(),
                "grep" | "egrep" | "wc" | "md5sum" | "sha256sum" | "awk" | "cut" | "less"
            )
        })
    });
    let mut pure = false;
    for command in commands {
        if let Some(text) = produced(command)
            && text.text.contains("net")
        {
            lines(&text, kept, written, script);
        }
        for (from, to) in &command.bodies {
            let body = source.part(*from, *to);
            if body.text.contains("net") {
                pure |= conf::is_pure(&body.text);
                heredoc(&body, commands, kept, written, script);
            }
        }
        for redirect in command.redirects.iter().filter(|one| one.operator == "<<<") {
            pure = true;
            lines(
                &redirect.target.source.part(0, redirect.target.text().len()),
                true,
                written,
                script,
            );
        }
    }
    match (kept, pure, looked_at) {
        (true, ..) | (_, true, false) => Place::File,
        (false, _, true) => Place::Nowhere,
        (false, false, false) => Place::Output,
    }
}

/// Whether the output of commands stays somewhere.
pub(super) fn is_kept(commands: &[Command]) -> bool {
    commands.iter().any(|command| {
        let into_file = command.redirects.iter().any(|redirect| {
            let target = redirect.target.text();
            redirect.operator.starts_with('>') && !target.is_empty() && !target.starts_with("/dev/")
        });
        into_file || takes_input(&command.words)
    })
}

/// What tells about a command stands near it.
const NEAR: usize = 64;

/// A command that keeps or loads what it is given.
fn takes_input(words: &[Word]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let rest = words.get(at + 1..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(NEAR)).unwrap_or_default();
        match word.name() {
            "tee" => rest.iter().any(|file| !file.text().starts_with('-')),
            "sysctl" => rest.iter().any(|option| {
                option.text().starts_with("-p")
                    || option.text().starts_with("-f")
                    || option.text().starts_with("--load")
                    || option.text() == "-w"
            }),
            "sponge" | "kubectl" | "xargs" => at < 2,
            "-c" | "ssh" => rest
                .iter()
                .any(|script| script.quoted && script.text().contains(['>', '|'])),
            _ => word.text().starts_with("of="),
        }
    })
}

/// The files below /proc/sys that a pipeline writes to.
fn kernel_files(commands: &[Command], variables: &Variables) -> Vec<(String, usize)> {
    let mut files = Vec::new();
    let mut add = |word: &Word| {
        for (path, at) in variables.paths(&word.source) {
            if path.starts_with("/proc/sys/net/") && path.len() > "/proc/sys/net/".len() {
                files.push((path, at));
            }
        }
    };
    for command in commands {
        for redirect in command
            .redirects
            .iter()
            .filter(|one| one.operator.starts_with('>'))
        {
            add(&redirect.target);
        }
        if let Some(at) = command.words.iter().position(|word| word.name() == "tee") {
            for word in command.words.iter().skip(at + 1) {
                add(word);
            }
        }
    }
    // Each gets the whole text; nobody writes to more at once.
    files.truncate(NEAR);
    files
}

/// What is written to the kernel, as one value.
fn into_kernel(
    source: &Source<'_>,
    commands: &[Command],
    files: &[(String, usize)],
    written: &mut Vec<Found>,
) {
    let text = commands.iter().find_map(|command| {
        produced(command)
            .or_else(|| {
                command
                    .redirects
                    .iter()
                    .find(|one| one.operator == "<<<")
                    .map(|one| one.target.source.clone())
            })
            .or_else(|| {
                command
                    .bodies
                    .first()
                    .map(|(from, to)| unescaped(&source.part(*from, *to)))
            })
    });
    for (path, at) in files {
        let value = text
            .as_ref()
            .map(|text| value::plain(&text.text))
            .unwrap_or_default();
        written.push(Found {
            at: *at,
            value_at: text.as_ref().map_or(*at, |text| text.at(0)),
            key: catalog::canonical(path).into_owned(),
            trail: None,
            commented: false,
            dynamic: text.is_none() || value::is_dynamic(&value) || value::is_dynamic(path),
            value,
            syntax: Syntax::ProcWrite,
            flaw: None,
        });
    }
}

/// What `echo` or `printf` put out.
fn produced(command: &Command) -> Option<Source<'static>> {
    let at = command
        .words
        .iter()
        .position(|word| matches!(word.name(), "echo" | "printf"))?;
    let leads = command.words.get(..at)?.iter().all(|word| {
        !matches!(
            word.name(),
            "grep" | "test" | "[" | "cat" | "for" | "awk" | "which" | "apt-get" | "yum"
        )
    });
    if !leads {
        return None;
    }
    let words = command.words.get(at + 1..)?;
    if command
        .words
        .get(at)
        .is_some_and(|word| word.name() == "printf")
    {
        return Some(formatted(words));
    }
    let flags = words
        .iter()
        .take_while(|word| {
            !word.quoted && matches!(word.text(), "-e" | "-n" | "-E" | "-ne" | "-en")
        })
        .count();
    let mut text = Source::default();
    for word in words.get(flags..)? {
        if !text.text.is_empty() {
            text.push(" ", word.source.at(0).saturating_sub(1));
        }
        text.append(&unescaped(&word.source));
    }
    Some(text)
}

/// Nobody writes more with one `printf`.
const LONG: usize = 1 << 18;

/// `printf FORMAT WORDS`: each `%s` is a word; the format is used again as long as there are words.
fn formatted(words: &[Word]) -> Source<'static> {
    let mut text = Source::default();
    let words = match words.split_first() {
        Some((first, rest)) if first.text() == "--" => rest,
        _ => words,
    };
    let Some((format, mut words)) = words.split_first() else {
        return text;
    };
    let format = unescaped(&format.source);
    // Once for each word at most: a format without `%` takes none.
    loop {
        let before = words.len();
        let mut at = 0;
        while let Some(rest) = format.text.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.find('%').unwrap_or(rest.len());
            text.append(&format.part(at, at + plain));
            at += plain;
            let Some(mark) = rest.get(plain..plain + 2) else {
                at = if plain == rest.len() {
                    at
                } else {
                    format.text.len()
                };
                continue;
            };
            match (mark, words.split_first()) {
                ("%s" | "%d" | "%u" | "%i" | "%b", Some((word, rest))) => {
                    text.append(&word.source);
                    words = rest;
                }
                ("%%", _) => text.push("%", format.at(at)),
                _ => text.append(&format.part(at, at + 2)),
            }
            at += 2;
        }
        if words.len() == before || words.is_empty() || text.text.len() > LONG {
            return text;
        }
    }
}

/// The lines of a text that is written somewhere: of a configuration, or commands for later.
fn lines(text: &Source<'_>, kept: bool, written: &mut Vec<Found>, script: &mut Script<'_>) {
    for (begin, line) in text.lines() {
        if let Some(says) = conf::statement(line) {
            written.push(says.found(text, begin, line));
        } else if kept && script.depth < DEEP && line.contains("net") && is_command(line) {
            let part = text.part(begin, begin + line.len());
            Script::new(script.finds, script.depth + 1).read(&part, Style::Script);
        }
    }
}

fn is_command(line: &str) -> bool {
    line.contains("sysctl") || line.contains("/proc/sys/")
}

/// The text of a heredoc: a configuration, or whatever its first lines or its file say.
fn heredoc(
    body: &Source<'_>,
    commands: &[Command],
    kept: bool,
    written: &mut Vec<Found>,
    script: &mut Script<'_>,
) {
    let text: &str = &body.text;
    let file = |ends: &[&str]| {
        let mut names = commands.iter().flat_map(|command| {
            command
                .redirects
                .iter()
                .map(|one| one.target.text())
                .chain(command.words.iter().map(Word::text))
        });
        names.any(|name| ends.iter().any(|end| name.ends_with(end)))
    };
    if script.depth >= DEEP {
        return;
    }
    if file(&[".yml", ".yaml", ".json", "kubectl"]) || is_manifest(text) {
        let found = yaml::find(text);
        script
            .finds
            .embedded
            .extend(found.into_iter().map(|one| (body.at(0), one)));
    } else if text.contains("[Service]") {
        unit::read(body, script.finds, script.depth + 1);
    } else if text.trim_start().starts_with("#!")
        || file(&[".sh", "rc.local"])
        || runs_input(commands)
    {
        Script::new(script.finds, script.depth + 1).read(body, Style::Script);
    } else {
        lines(body, kept, written, script);
    }
}

/// A manifest of Kubernetes, or a part of one.
fn is_manifest(text: &str) -> bool {
    text.contains("apiVersion:") || text.lines().any(|line| line.trim() == "sysctls:")
}

/// `ssh host <<EOF`, `sudo bash <<EOF`: the text is a script.
fn runs_input(commands: &[Command]) -> bool {
    commands
        .iter()
        .flat_map(|command| &command.words)
        .any(|word| matches!(word.name(), "bash" | "sh" | "ssh" | "su" | "RUN"))
}
