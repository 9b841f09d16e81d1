//! Which rules: of which folders, chosen how; and what is done with them.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

/// The folder of this site's own files.
#[derive(Debug, Default, Args)]
pub struct SiteFolder {
    /// The folder with rules.d/ and waivers.yaml of this site [default: /etc/tcptune]
    #[arg(long, value_name = "DIR")]
    pub config: Option<PathBuf>,
}

/// The rules to judge by.
#[derive(Debug, Default, Args)]
pub struct RuleFiles {
    /// The folder of this site's own files.
    #[command(flatten)]
    pub site: SiteFolder,

    /// Lay the rules of this folder over all others: a rule with a known id replaces it.
    #[arg(long = "rules", value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
}

/// Which of the rules are judged.
#[derive(Debug, Default, Args)]
pub struct Choice {
    /// Judge only these rules: ids, mechanisms or severities, with commas between them.
    ///
    /// A rule is judged when any of the words names it, and no word of --ignore does. Facts that no judged
    /// rule reads are not collected.
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Leave these rules out: ids, mechanisms or severities, with commas between them.
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

impl Choice {
    /// The same options again.
    pub(in crate::cli) fn options(&self) -> Vec<(&'static str, &OsStr)> {
        let select = self.select.iter().map(|word| ("--select", word));
        let ignore = self.ignore.iter().map(|word| ("--ignore", word));
        let both = select.chain(ignore);
        both.map(|(option, word)| (option, OsStr::new(word)))
            .collect()
    }
}

impl RuleFiles {
    /// The same options again, for a command that is to judge by the same rules.
    pub(in crate::cli) fn options(&self) -> Vec<(&'static str, &OsStr)> {
        let config = self
            .site
            .config
            .iter()
            .map(|dir| ("--config", dir.as_os_str()));
        let dirs = self.dirs.iter().map(|dir| ("--rules", dir.as_os_str()));
        config.chain(dirs).collect()
    }
}

/// `tcptune rules`.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List every rule: id, severity, kind, maturity, mechanism, origin, state.
    List(ListRules),
    /// Judge rules by the cases beside them.
    Test(TestRules),
    /// Look for what rules should say and do not, and for changes without a bound.
    Lint(LintRules),
}

/// `tcptune rules list`.
#[derive(Debug, Args)]
pub struct ListRules {
    /// The rules to list.
    #[command(flatten)]
    pub rules: RuleFiles,

    /// Which of them.
    #[command(flatten)]
    pub choice: Choice,

    /// How to print the list.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `tcptune rules test`.
#[derive(Debug, Args)]
pub struct TestRules {
    /// A folder, a rule or a file of cases; without it the rules.d of this site.
    pub path: Option<PathBuf>,

    /// The folder of this site's own files.
    #[command(flatten)]
    pub site: SiteFolder,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
}

/// `tcptune rules lint`.
#[derive(Debug, Args)]
pub struct LintRules {
    /// A folder, a rule or a file of cases; without it the rules.d of this site.
    pub path: Option<PathBuf>,

    /// The folder of this site's own files.
    #[command(flatten)]
    pub site: SiteFolder,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// How the result of cases is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people: what failed, and a count.
    Human,
    /// For programs, see `tcptune schema`.
    Json,
    /// For build servers: JUnit XML.
    Junit,
}

/// `tcptune schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which one.
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// The formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `check --format json`.
    Report,
    /// A line of `check --format ndjson`.
    Record,
    /// `why --format json`.
    Why,
    /// `explain --format json`.
    Explain,
    /// `lint --format json`.
    Lint,
    /// The file that `apply --plan-out` writes and `apply --plan` reads.
    Plan,
    /// `apply`, `confirm` and `rollback` with `--format json`.
    Apply,
    /// `history --format json`.
    History,
    /// `rules list --format json`.
    Rules,
    /// `rules test --format json`.
    RulesTest,
    /// `rules lint --format json`.
    RulesLint,
    /// A rule file, or a file that disables a rule; for editors.
    Rule,
    /// A file of cases, `*.test.yaml`; for editors.
    Cases,
    /// A profile; for editors.
    Profile,
    /// The site's waivers.yaml; for editors.
    Waivers,
}
