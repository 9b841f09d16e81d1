//! One word: quotes, escapes, variables, lists.

use super::end::{command_end, double_end, line_end, single_end};
use super::escape::unescaped;
use super::{DEEP, Word, Words};
use crate::assign::value;

impl Words<'_> {
    /// The next word; empty where none begins.
    pub(super) fn word(&mut self) -> Word {
        let mut word = Word::default();
        loop {
            let rest = self.rest();
            let Some(first) = rest.as_bytes().first() else {
                return word;
            };
            match first {
                b'<' if rest.starts_with("<%") => self.expansion(&mut word),
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')' => {
                    return word;
                }
                b'(' => {
                    if word.text().ends_with('=') && !word.quoted && self.depth < DEEP {
                        self.depth += 1;
                        self.list(&mut word);
                        self.depth -= 1;
                    }
                    return word;
                }
                b'\'' | b'"' => self.quoted(&mut word, *first == b'"'),
                b'\\' => {
                    let skipped = line_end(rest, 1);
                    self.at += 1 + skipped;
                    if skipped == 0 {
                        let escaped = self.rest().chars().next().map_or(0, char::len_utf8);
                        // `\n` without quotes: meant for `echo -e` or `printf`, and lost.
                        self.take(&mut word, escaped);
                    }
                }
                b'$' if rest.starts_with("$'") => self.ansi(&mut word),
                b'$' | b'`' | b'{' | b'%' => self.expansion(&mut word),
                _ => {
                    let ends = |c: char| " \t\r\n;&|<>()'\"\\$`{%".contains(c);
                    let length = rest.find(ends).unwrap_or(rest.len()).max(1);
                    self.take(&mut word, length);
                }
            }
        }
    }

    /// So many bytes of the text into the word.
    fn take(&mut self, word: &mut Word, length: usize) {
        let taken = self.rest().get(..length).unwrap_or_default();
        word.source.push(taken, self.source.at(self.at));
        self.at += length;
    }

    /// A variable, a template, or the mark for itself.
    fn expansion(&mut self, word: &mut Word) {
        let rest = self.rest();
        let length = if rest.starts_with("$(") {
            self.ended("$(", command_end)
        } else if rest.starts_with('`') {
            self.ended("`", |rest| rest.get(1..)?.find('`').map(|end| end + 2))
        } else {
            value::template(rest)
        };
        if length == 0 {
            self.take(word, rest.chars().next().map_or(1, char::len_utf8));
            return;
        }
        if rest.starts_with("$(") {
            word.commands.push((self.at + 2, self.at + length - 1));
        } else if rest.starts_with('`') {
            word.commands.push((self.at + 1, self.at + length - 1));
        }
        self.take(word, length);
    }

    /// How long something is that has an end; 0 where it has none, which is found out once.
    fn ended(&mut self, mark: &'static str, length: fn(&str) -> Option<usize>) -> usize {
        if self.unended.contains(&mark) {
            return 0;
        }
        length(self.rest()).unwrap_or_else(|| {
            self.unended.push(mark);
            0
        })
    }

    /// How long a text in `"` is; 0 where nothing ends it.
    fn double_end(&mut self) -> usize {
        let marks = ["$(", "\""];
        let [commands, quotes] = marks.map(|mark| !self.unended.contains(&mark));
        if !quotes {
            return 0;
        }
        let (end, ended) = double_end(self.rest(), commands);
        if !ended && commands {
            self.unended.push("$(");
        }
        end.unwrap_or_else(|| {
            self.unended.push("\"");
            0
        })
    }

    fn quoted(&mut self, word: &mut Word, double: bool) {
        let mark = if double { "\"" } else { "'" };
        let length = if double {
            self.double_end()
        } else {
            self.ended(mark, single_end)
        };
        if length == 0 {
            self.take(word, 1);
            return;
        }
        word.quoted = true;
        let end = self.at + length - 1;
        self.at += 1;
        if !double {
            self.take(word, end - self.at);
            self.at += 1;
            return;
        }
        while self.at < end {
            let rest = self.rest();
            let within = rest.get(..end - self.at).unwrap_or_default();
            let plain = within.find(['\\', '$', '`']).unwrap_or(within.len());
            if plain > 0 {
                self.take(word, plain);
                continue;
            }
            if within.starts_with('\\') {
                match (line_end(rest, 1), rest.as_bytes().get(1)) {
                    (0, Some(b'$' | b'`' | b'"' | b'\\')) => {
                        self.at += 1;
                        self.take(word, 1);
                    }
                    (0, _) => self.take(word, 1),
                    (skipped, _) => self.at += 1 + skipped,
                }
            } else {
                self.expansion(word);
            }
        }
        self.at = end + 1;
    }

    /// `$'a\nb'`.
    fn ansi(&mut self, word: &mut Word) {
        self.at += 1;
        let length = self.ended("$'", |rest| {
            let mut escaped = false;
            let end = rest.bytes().skip(1).position(|byte| {
                let ends = byte == b'\'' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            })?;
            Some(end + 2)
        });
        if length == 0 {
            self.take(word, 1);
            return;
        }
        word.quoted = true;
        let end = self.at + length - 1;
        self.at += 1;
        let inner = self.source.part(self.at, end);
        word.source.append(&unescaped(&inner));
        self.at = end + 1;
    }

    /// `(a b c)`
    fn list(&mut self, word: &mut Word) {
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(first) = rest.as_bytes().first() else {
                return;
            };
            match first {
                b')' => {
                    self.at += 1;
                    return;
                }
                b'#' => self.at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()),
                _ => {
                    let before = self.at;
                    let element = self.word();
                    if self.at == before {
                        self.at += 1;
                    } else {
                        word.list.push(element);
                    }
                }
            }
        }
    }
}
