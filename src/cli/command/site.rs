//! What this site says: its rules, laid over those of the program.
//!
//! Every command that judges, lists or explains rules begins here, so that all of them see the same.

use std::path::{Path, PathBuf};

use crate::host::{Trust, is_there, read_rule_files, refusal};
use crate::rule::Rulebook;

use crate::cli::args::{RuleFiles, SiteFolder};
use crate::cli::error::Error;

/// The folder of a site's own files, unless `--config` names another.
const FOLDER: &str = "/etc/tcptune";

/// The rules to judge by.
#[derive(Debug)]
pub(super) struct Site {
    /// Every rule: those of the program, of the site, and of the folders that were named.
    pub(super) book: Rulebook,
}

impl Site {
    /// Reads everything, or tells every problem of all files.
    pub(super) fn load(files: &RuleFiles) -> Result<Self, Error> {
        let config = Config::of(&files.site)?;
        let mut book = Rulebook::built_in().map_err(Error::Rules)?;
        let mut problems = config.problems();
        let own = config.rules();
        for folder in own.iter().chain(&files.dirs) {
            let found = read_rule_files(folder, Trust::of_user());
            problems.extend(found.problems);
            match Rulebook::of_files(&found.rules) {
                Ok(layer) => book = book.overlaid(layer),
                Err(broken) => problems.extend(broken),
            }
        }
        if problems.is_empty() {
            Ok(Self { book })
        } else {
            Err(Error::Rules(problems))
        }
    }
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
        if folder.is_dir() {
            Ok(Self {
                folder: folder.clone(),
            })
        } else {
            Err(Error::NoConfig(folder.clone()))
        }
    }

    /// What is wrong with the folder itself: whoever can write it chooses every file in it.
    pub(super) fn problems(&self) -> Vec<crate::rule::Problem> {
        refusal(&self.folder, Trust::of_user())
            .into_iter()
            .collect()
    }

    /// Where the site's rules are, if it has any.
    pub(super) fn rules(&self) -> Option<PathBuf> {
        self.part("rules.d")
    }

    /// A file or folder of the site, if it is there. What cannot be looked at counts as there, so that
    /// reading it tells why.
    pub(super) fn part(&self, name: impl AsRef<Path>) -> Option<PathBuf> {
        let path = self.folder.join(name);
        is_there(&path).then_some(path)
    }
}
