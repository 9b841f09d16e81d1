//! Where results and messages go: stdout is the result, stderr the rest.

mod progress;

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::process::{Command, Stdio};

use crate::render::apply::ApplyReport;
use crate::render::audit::State;
use crate::render::problem::Place;
use crate::render::{self, HumanOptions, Trouble};

use super::args::When;
use super::error::Error;
use super::exit::Exit;

pub(super) use progress::Progress;

/// The two streams and what is known of them.
pub(super) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    color: When,
    progress: bool,
}

impl Output {
    pub(super) fn new(color: When) -> Self {
        Self {
            stdout: BufWriter::new(io::stdout().lock()),
            color,
            progress: io::stderr().is_terminal(),
        }
    }

    /// Whether results are coloured: as asked, else on a terminal unless `NO_COLOR` is set; a set
    /// `CLICOLOR_FORCE` colours anyway.
    pub(super) fn color(&self) -> bool {
        wants_color(self.color, io::stdout().is_terminal())
    }

    /// The colours that were asked for.
    pub(super) const fn asked_color(&self) -> When {
        self.color
    }

    /// Columns to write in: a terminal's, bounded by what reads well.
    pub(super) fn width() -> usize {
        let columns =
            rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col));
        if columns == 0 {
            80
        } else {
            columns.clamp(60, 100)
        }
    }

    /// The result.
    pub(super) fn writer(&mut self) -> &mut impl Write {
        &mut self.stdout
    }

    /// Writes a piece of the result.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Error> {
        self.stdout
            .write_all(text.as_bytes())
            .map_err(Error::Output)
    }

    /// Writes a page: through a pager where it is longer than the terminal is high, else as it is.
    pub(super) fn page(&mut self, page: &[u8]) -> Result<(), Error> {
        let rows =
            rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_row));
        let lines = page.split(|byte| *byte == b'\n').count();
        self.flush()?;
        if io::stdout().is_terminal() && rows > 0 && lines >= rows && paged(page) {
            return Ok(());
        }
        self.stdout.write_all(page).map_err(Error::Output)
    }

    /// Sends everything on its way.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.stdout.flush().map_err(Error::Output)
    }

    /// Shows what is being waited for, on a terminal only; empty text takes it away again.
    pub(super) fn progress(&self, text: &str) {
        if self.progress {
            // A progress line that cannot be written is no loss.
            let _ = write!(io::stderr(), "\r\x1b[2K{text}");
            let _ = io::stderr().flush();
        }
    }

    /// Shows lines to the person while the result goes to a program.
    pub(super) fn tell(lines: &[String]) {
        let mut err = io::stderr().lock();
        for line in lines {
            // There is nowhere left to report that stderr is closed.
            let _ = writeln!(err, "{}", render::one_line(line));
        }
    }

    /// Says on stderr what should be known and ends nothing.
    pub(super) fn warn(text: &str, lines: &[String], help: Option<&str>) {
        let mut err = io::stderr().lock();
        // There is nowhere left to report that stderr is closed.
        let _ = writeln!(err, "warning: {}", render::one_line(text));
        for line in lines {
            let _ = writeln!(err, "  {}", render::one_line(line));
        }
        if let Some(help) = help {
            let _ = writeln!(err, "  help: {}", render::one_line(help));
        }
    }

    /// Shows a plan to the person at the terminal while the result goes to a program.
    pub(super) fn page_on_stderr(&self, report: &ApplyReport) -> Result<(), Error> {
        let options = HumanOptions {
            color: wants_color(self.color, io::stderr().is_terminal()),
            ..HumanOptions::default()
        };
        render::human_apply(report, &options, &mut io::stderr().lock()).map_err(Error::Output)
    }

    /// Puts a question on stderr, which is where the person is, and waits for a line.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Error> {
        self.flush()?;
        let mut err = io::stderr().lock();
        let _ = write!(err, "{}", render::one_line(question));
        let _ = err.flush();
        let mut answer = String::new();
        // An answer that cannot be read is none.
        let read = io::stdin().lock().read_line(&mut answer);
        if !answer.ends_with('\n') {
            let _ = writeln!(err);
        }
        Ok(read.map(|_| answer).unwrap_or_default())
    }

    /// Ends the result whatever becomes of it: what was done stays done when nobody can be told.
    pub(super) fn finish(&mut self, written: Result<(), Error>) {
        let written = written.and_then(|()| self.flush());
        if let Err(error) = written {
            if !error.is_closed_pipe() {
                self.explain(&error);
            }
            // Not tried again at the end of the run.
            let (unwritten, _) =
                std::mem::replace(&mut self.stdout, BufWriter::new(io::stdout().lock()))
                    .into_parts();
            drop(unwritten);
        }
    }

    /// Says on stderr why a run ended.
    pub(super) fn explain(&self, error: &Error) {
        // There is nowhere left to report that stderr is closed.
        let _ = self.write_error(error, &mut io::stderr().lock());
    }

    fn write_error(&self, error: &Error, out: &mut impl Write) -> io::Result<()> {
        let color = wants_color(self.color, io::stderr().is_terminal());
        if let Error::Rules(problems) | Error::Profiles(problems) = error {
            for problem in problems {
                let place = problem.line_column().map(|(line, column)| Place {
                    line,
                    column,
                    span: problem.span.clone(),
                    source_text: &problem.source.text,
                });
                let trouble = Trouble {
                    file: problem.source.name.clone(),
                    place,
                    message: problem.kind.to_string(),
                    help: problem.kind.help(),
                };
                render::trouble(&trouble, color, Self::width(), out)?;
                writeln!(out)?;
            }
        }
        // Paths and names in it are anybody's.
        writeln!(out, "error: {}", render::one_line(&error.to_string()))?;
        if let Error::NotCarried { refused, .. } = error {
            for one in refused {
                writeln!(out, "  {}", render::one_line(one))?;
            }
        }
        match error.help() {
            Some(help) => writeln!(out, "  help: {}", render::one_line(&help)),
            None => Ok(()),
        }
    }
}

/// Shows a page with `$PAGER`, else `less`; whether that could be started.
fn paged(page: &[u8]) -> bool {
    let asked = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = asked.split_whitespace();
    let Some(program) = words.next() else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    // Whoever reads a page as root wants no shell from it.
    command.env("LESSSECURE", "1");
    let Ok(mut pager) = command.spawn() else {
        return false;
    };
    if let Some(mut pipe) = pager.stdin.take() {
        // A reader who has seen enough closes the pipe.
        let _ = pipe.write_all(page);
    }
    // The terminal is the pager's until it ends; how it ended is its own affair.
    let _ = pager.wait();
    true
}

/// Says on stderr what is wrong with the arguments, which may hold anything.
pub(super) fn refuse(usage: &str) {
    let mut err = io::stderr().lock();
    for line in usage.lines() {
        // There is nowhere left to report that stderr is closed.
        let _ = writeln!(err, "{}", render::one_line(line));
    }
}

/// The exit code of arguments that are wrong. To a monitoring system that of other commands would say that
/// the host is in a critical state.
pub(super) fn refusal(args: &[OsString]) -> Exit {
    let check = command_of(args).is_some_and(|word| word == "check");
    let apart = |pair: &[OsString]| *pair == ["--format", "nagios"];
    if check && (args.windows(2).any(apart) || args.iter().any(|word| word == "--format=nagios")) {
        let mut out = io::stdout().lock();
        let why = "the arguments are wrong; standard error tells more";
        // The exit code tells, whatever becomes of the line.
        let _ = render::audit::nagios_failed(why, &mut out);
        return Exit::Plugin(State::Unknown);
    }
    Exit::Usage
}

/// The first word that is neither an option of every command nor its value.
fn command_of(args: &[OsString]) -> Option<&OsString> {
    let mut words = args.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--color" {
            words.next();
        } else if !word.as_encoded_bytes().starts_with(b"-") {
            return Some(word);
        }
    }
    None
}

fn wants_color(asked: When, terminal: bool) -> bool {
    let set =
        |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match asked {
        When::Always => true,
        When::Never => false,
        When::Auto if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        When::Auto if set("CLICOLOR_FORCE") => true,
        When::Auto => terminal,
    }
}
