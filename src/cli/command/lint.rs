//! `tcptune lint`: sysctls in files, judged without a host.

mod diff;
mod fix;
mod judge;

use std::path::{Path, PathBuf};

use crate::cli::args::{Lint, LintFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::host::{self, LintFiles};
use crate::render::lint::{LINT_SCHEMA, Linted, SkippedFile};
use crate::render::{self, HumanOptions};
use crate::rule::{Severity, Term as _};

use judge::{Judge, Scanned};

/// Stands for standard input.
const STDIN: &str = "-";

/// Looks over every file, mends them where that is asked for, and tells what is wrong.
pub(super) fn run(args: &Lint, output: &mut Output) -> Result<Exit, Error> {
    let paths = paths(args)?;
    let judge = Judge::of(args)?;
    let mut files = looked_over(args, &paths)?;
    let mut linted = judged(args, &judge, &mut files);
    if args.fix {
        let fixed = fix::fix(&linted.findings, &judge, limit(args));
        if args.format == LintFormat::Human {
            for line in &fixed.diff {
                output.print(&(render::one_line(line) + "\n"))?;
            }
            if !fixed.diff.is_empty() {
                output.print("\n")?;
            }
        } else {
            Output::tell(&fixed.diff);
        }
        if !fixed.left.is_empty() {
            let help = "the lines stay as they are";
            Output::warn("not every file could be mended", &fixed.left, Some(help));
        }
        if fixed.files > 0 {
            files = looked_over(args, &paths)?;
            linted = judged(args, &judge, &mut files);
        }
    }
    written(args, &linted, output)?;
    Ok(exit(args, &linted))
}

/// What is to be looked at. A slip in a name is not to look like a folder without fault.
fn paths(args: &Lint) -> Result<Vec<PathBuf>, Error> {
    let paths = if args.paths.is_empty() {
        vec![PathBuf::from(".")]
    } else {
        args.paths.clone()
    };
    let stdin = paths.iter().any(|path| path == Path::new(STDIN));
    if args.fix && stdin {
        return Err(Error::Usage(
            "--fix cannot mend standard input".to_owned(),
            "name files or folders",
        ));
    }
    if args.stdin_filename.is_some() && !stdin {
        return Err(Error::Usage(
            "--stdin-filename names what comes in on standard input, and nothing does".to_owned(),
            "give `-` as a path",
        ));
    }
    for path in paths.iter().filter(|path| *path != Path::new(STDIN)) {
        if let Some(why) = host::cannot_lint(path) {
            return Err(Error::CannotRead(path.clone(), why));
        }
    }
    Ok(paths)
}

const fn limit(args: &Lint) -> u64 {
    args.max_size.saturating_mul(1024 * 1024)
}

fn looked_over(args: &Lint, paths: &[PathBuf]) -> Result<LintFiles<Scanned>, Error> {
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) = paths
        .iter()
        .cloned()
        .partition(|path| path == Path::new(STDIN));
    let mut files = host::lint_files(&paths, limit(args), judge::scan);
    if !stdin.is_empty() {
        let name = args.stdin_filename.as_deref().unwrap_or(Path::new(STDIN));
        let more = host::lint_stdin(name, limit(args), judge::scan);
        files.found.extend(more.found);
        files.read += more.read;
        files.passed_over += more.passed_over;
        files.unread.extend(more.unread);
    }
    match files.unread.iter().find(|one| one.named) {
        Some(one) => Err(Error::CannotRead(one.path.clone(), one.why.clone())),
        None => Ok(files),
    }
}

fn judged(args: &Lint, judge: &Judge, files: &mut LintFiles<Scanned>) -> Linted {
    let found = std::mem::take(&mut files.found);
    let judged = judge.judge(found.into_iter().map(|(_, one)| one).collect());
    let skipped = files.unread.iter().map(|one| SkippedFile {
        file: one.path.to_string_lossy().into_owned(),
        why: one.why.clone(),
        partly: false,
    });
    Linted {
        schema: LINT_SCHEMA.to_owned(),
        tool: render::tool(),
        files: files.read,
        skipped: skipped.chain(judged.skipped).collect(),
        passed_over: files.passed_over,
        kernels: judge.kernels(),
        kubernetes: judge.kubernetes(),
        findings: judged.findings,
        ignored: judged.ignored,
        assignments: args.assignments.then_some(judged.assignments),
    }
}

fn written(args: &Lint, linted: &Linted, output: &mut Output) -> Result<(), Error> {
    match args.format {
        LintFormat::Human => {
            let options = HumanOptions {
                color: output.color(),
                width: Output::width(),
                ..HumanOptions::default()
            };
            render::human_linted(linted, &options, output.writer())?;
        }
        LintFormat::Json => render::json(linted, output.writer())?,
        LintFormat::Sarif => render::lint::sarif(linted, output.writer())?,
        LintFormat::Github => render::lint::github(linted, output.writer())?,
        LintFormat::Junit => render::lint::junit(linted, output.writer())?,
    }
    Ok(())
}

fn exit(args: &Lint, linted: &Linted) -> Exit {
    let severity = |word: &str| {
        let known = Severity::WORDS.iter().find(|(own, _)| *own == word);
        known.map(|(_, severity)| *severity)
    };
    let mut severities = linted
        .findings
        .iter()
        .filter_map(|one| severity(&one.severity));
    if !args.exit_zero && severities.any(|severity| args.fail_on.counts(severity)) {
        Exit::Findings
    } else {
        Exit::Success
    }
}
