//! What this site says: its rules, laid over those of the program, and what it has accepted.
//!
//! Every command that judges, lists or explains rules begins here, so that all of them see the same.

use std::path::{Path, PathBuf};

use crate::apply::Clock as _;
use crate::fact::Day;
use crate::host::{self, SystemClock, Trust, read_rule_files};
use crate::rule::{Layer, Problem, Profile, Rulebook, Waivers, parse_waivers};

use crate::cli::args::{Choice, RuleFiles, SiteFolder};
use crate::cli::error::Error;

/// The folder of a site's own files, unless `--config` names another.
const FOLDER: &str = "/etc/tcptune";

/// The rules to judge by, and what was accepted of their findings.
#[derive(Debug)]
pub(super) struct Site {
    /// Every rule: those of the program, of the site, and of the folders that were named.
    pub(super) book: Rulebook,
    /// What the site has accepted, as of today.
    pub(super) waivers: Waivers,
}

impl Site {
    /// Reads everything, or tells every problem of all files.
    pub(super) fn load(files: &RuleFiles) -> Result<Self, Error> {
        let config = Config::of(&files.site)?;
        let mut book = Rulebook::built_in();
        let mut problems = config.problems();
        let own = config.part("rules.d");
        for folder in own.iter().chain(&files.dirs) {
            let is_named = own.as_ref() != Some(folder);
            if is_named && folder.is_file() {
                problems.push(host::no_rule_folder(folder));
                continue;
            }
            let found = read_rule_files(folder, Trust::of_user());
            if is_named && found.rules.is_empty() && found.problems.is_empty() {
                problems.push(host::no_rule_folder(folder));
            }
            let (layer, broken) = Layer::of_files(&found.rules);
            let sound = found.problems.is_empty() && broken.is_empty() && problems.is_empty();
            problems.extend(found.problems);
            problems.extend(broken);
            // What would be disabled may be a rule that could not be read.
            let (overlaid, unknown) = book.overlaid(layer);
            book = overlaid;
            if sound {
                problems.extend(unknown);
            }
        }
        let mut waivers = Waivers::none(today());
        if let Some(path) = config.part("waivers.yaml") {
            match host::read_rule_file(&path, Trust::of_user()) {
                // Without all rules, any of the ids could be one that is not known.
                Ok(_) if !problems.is_empty() => {}
                Ok(file) => match parse_waivers(&file, &book) {
                    Ok(list) => waivers.list = list,
                    Err(broken) => problems.extend(broken),
                },
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { book, waivers })
        } else {
            Err(Error::Rules(problems))
        }
    }

    /// The same, with the rules that were asked for.
    pub(super) fn chosen(files: &RuleFiles, choice: &Choice) -> Result<Self, Error> {
        let Self { book, waivers } = Self::load(files)?;
        let book = book.chosen(&choice.select, &choice.ignore);
        let book = book.map_err(Error::NoSuchWord)?;
        Ok(Self { book, waivers })
    }

    /// That the words left something to judge: else a slip in them would look like a host without fault. A
    /// profile alone is enough to look at.
    pub(super) fn require_something(&self, profile: Option<&Profile>) -> Result<(), Error> {
        let nothing = self.book.rules().len() == 0 && self.book.left_out() > 0;
        if nothing && profile.is_none() {
            Err(Error::NothingChosen)
        } else {
            Ok(())
        }
    }
}

/// Today, in universal time.
fn today() -> Day {
    Day::of_unix(SystemClock.unix_seconds())
}

/// The folder of a site's own files. Nothing in it has to be there.
#[derive(Debug)]
pub(super) struct Config {
    folder: PathBuf,
}

impl Config {
    /// The folder that was named, which then has to be there, or the usual one.
    pub(super) fn of(given: &SiteFolder) -> Result<Self, Error> {
        let Some(folder) = &given.config else {
            return Ok(Self {
                folder: PathBuf::from(FOLDER),
            });
        };
        match host::is_folder(folder) {
            Ok(true) => Ok(Self {
                folder: folder.clone(),
            }),
            Ok(false) => Err(Error::NoConfig(folder.clone())),
            Err(errno) => Err(Error::CannotRead(folder.clone(), errno)),
        }
    }

    /// What is wrong with the folder itself: whoever can write it chooses every file in it. Waivers under
    /// another name would be none.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let refusal = host::refusal(&self.folder, Trust::of_user());
        let other = self.folder.join("waivers.yml");
        let misnamed = host::misnamed(&other).filter(|_| other.exists());
        refusal.into_iter().chain(misnamed).collect()
    }

    /// A file or folder of the site, if it is there. What cannot be looked at counts as there, so that
    /// reading it tells why.
    pub(super) fn part(&self, name: impl AsRef<Path>) -> Option<PathBuf> {
        let path = self.folder.join(name);
        host::is_there(&path).then_some(path)
    }
}
