//! One manual page: what the definition of the command line says, and the sections written by hand.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::text::{self, Part, Section};

/// A page and the name of its file.
pub(super) struct Page {
    /// `tcptune-check.8`.
    pub(super) file: String,
    /// In roff.
    pub(super) text: String,
}

/// The page of the program, then those of its commands and theirs.
pub(super) fn all(program: &Command) -> io::Result<Vec<Page>> {
    let mut program = program.clone();
    program.build();
    let mut pages = Vec::new();
    collect(&program, &mut pages)?;
    Ok(pages)
}

fn collect(command: &Command, pages: &mut Vec<Page>) -> io::Result<()> {
    pages.push(page(command)?);
    for below in command.get_subcommands() {
        // Of several commands below one, that one too has a `help` of its own; it has no page.
        if below.get_name() != "help" {
            collect(below, pages)?;
        }
    }
    Ok(())
}

fn page(command: &Command) -> io::Result<Page> {
    let name = name_of(command);
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .section(text::SECTION)
        .date(text::DATE)
        .source(concat!("tcptune ", env!("CARGO_PKG_VERSION")))
        .manual("System Administration");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    // Neither are words broken, which are often names, nor are lines stretched.
    Roff::new()
        .control("nh", [])
        .control("ad", ["l"])
        .to_writer(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    match text::description(&name) {
        Some(parts) => section("DESCRIPTION", parts).to_writer(&mut out)?,
        None => man.render_description_section(&mut out)?,
    }
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut out)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    for Section { title, parts } in text::sections(&name) {
        section(title, parts).to_writer(&mut out)?;
    }
    see_also(command).to_writer(&mut out)?;
    Ok(Page {
        file: format!("{name}.{}", text::SECTION),
        // A space is written there as two line breaks around nothing, which readers take for a slip.
        text: String::from_utf8_lossy(&out).replace(".br\n\n.br\n", ".sp\n"),
    })
}

/// `tcptune-rules-list`.
fn name_of(command: &Command) -> String {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    name.to_owned()
}

fn section(title: &str, parts: &[Part]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (number, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                if number > 0 {
                    roff.control("PP", []);
                }
                roff.text(inlines(text));
            }
            Part::Item(tag, text) => {
                roff.control("TP", []);
                roff.text([bold(*tag)]);
                roff.text(inlines(text));
            }
        }
    }
    roff
}

/// What stands between backquotes is bold, as it is typed.
fn inlines(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    let parts = parts.filter(|(_, part)| !part.is_empty());
    let shown = parts.map(|(number, part)| {
        if number % 2 == 1 {
            bold(part)
        } else {
            roman(part)
        }
    });
    shown.collect()
}

/// The pages of the neighbours: of the program those of other tools, of a command the program's and its own.
fn see_also(command: &Command) -> Roff {
    let name = name_of(command);
    let mut pages: Vec<(String, &str)> = Vec::new();
    if name != "tcptune" {
        pages.push(("tcptune".to_owned(), text::SECTION));
    }
    let below = command.get_subcommands();
    let below = below.filter(|below| below.get_name() != "help" && name != "tcptune");
    pages.extend(below.map(|below| (name_of(below), text::SECTION)));
    let others = text::neighbours(&name).iter();
    pages.extend(others.map(|(page, section)| ((*page).to_owned(), *section)));
    let mut line = Vec::new();
    for (page, section) in pages {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(page), roman(format!("({section})"))]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text(line);
    roff
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::examples;
    use super::*;
    use crate::cli::Cli;
    use crate::cli::args::shown;
    use crate::cli::exit::Exit;
    use crate::render::audit::State;

    fn pages() -> Vec<Page> {
        all(&shown()).unwrap()
    }

    #[test]
    fn every_command_has_a_page_and_the_hidden_one_has_none() {
        let files: Vec<String> = pages().into_iter().map(|page| page.file).collect();
        assert_eq!(files[0], "tcptune.8");
        for file in ["tcptune-check.8", "tcptune-man.8", "tcptune-rules-list.8"] {
            assert!(files.iter().any(|other| other == file), "{files:?}");
        }
        let odd = |file: &&String| file.contains("guard") || file.contains("help");
        assert_eq!(files.iter().find(odd), None);
    }

    #[test]
    fn every_page_has_an_example_and_the_exit_codes() {
        for page in pages() {
            let text = page.text.replace('"', "");
            for title in ["EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
                let title = format!("\n.SH {title}\n");
                assert!(text.contains(&title), "{}: {title}", page.file);
            }
            let name = page.file.trim_end_matches(".8");
            assert!(!examples::of(name).is_empty(), "{name}");
        }
    }

    /// What the pages say can be typed.
    #[test]
    fn the_program_takes_every_example() {
        let mut seen = 0;
        for page in pages() {
            let name = page.file.trim_end_matches(".8");
            for part in examples::of(name) {
                let Part::Item(line, _) = part else { continue };
                let typed = line.split(" > ").next().unwrap_or_default();
                let words = typed.split_whitespace();
                let words = words.skip_while(|word| *word == "sudo");
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
                let asked = name.replace('-', " ");
                assert!(line.contains(&asked), "{line} stands in {name}");
                seen += 1;
            }
        }
        assert!(seen > 25, "{seen}");
    }

    #[test]
    fn every_exit_code_is_in_the_page() {
        let sections = text::sections("tcptune");
        let status = sections.iter().find(|part| part.title == "EXIT STATUS");
        let items = status.unwrap().parts.iter();
        let mut told: Vec<&str> = items
            .filter_map(|part| match part {
                Part::Item(code, _) => Some(*code),
                Part::Text(_) => None,
            })
            .collect();
        told.sort_unstable();
        let all = [
            Exit::Success,
            Exit::Findings,
            Exit::Pending,
            Exit::Usage,
            Exit::Refused,
            Exit::Stopped,
            Exit::Unread,
            Exit::TakenBack,
            Exit::Incomplete,
            Exit::Locked,
            Exit::Plugin(State::Unknown),
        ];
        let mut codes: Vec<String> = all.iter().map(|exit| exit.code().to_string()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(told, codes);
    }

    #[test]
    fn what_stands_between_backquotes_is_bold() {
        let shown = inlines("run `x` now");
        assert_eq!(shown, [roman("run "), bold("x"), roman(" now")]);
        assert_eq!(inlines("`x`"), [bold("x")]);
    }
}
