//! `tcptune export`: the settings of a plan or a profile for another tool.
//!
//! Everything is judged before anything is written.

use std::path::Path;

use crate::export::{self, Export, Judged, Sheet, Target, Terms, judge};
use crate::host;

use super::profile;
use crate::cli::args::{self, Role, RuleFiles, SiteFolder};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Writes the settings, or tells everything the tool cannot carry.
pub(super) fn run(args: &args::Export, output: &mut Output) -> Result<Exit, Error> {
    let target = export::target(&args.to).ok_or_else(|| {
        let what = format!("no tool `{}` to write for", args.to);
        Error::Usage(what, "list them with `tcptune export --help`")
    })?;
    let terms = terms(args, target)?;
    let export = wanted(args)?;
    let Judged { carried, refused } = judge(&export, target, &terms);
    if !refused.is_empty() && (carried.is_empty() || !args.skip_refused) {
        let can_skip = !carried.is_empty();
        let refused = refused.iter().map(ToString::to_string).collect();
        return Err(Error::NotCarried {
            target: target.word(),
            all: export.settings.len(),
            refused,
            can_skip,
        });
    }
    let sheet = Sheet::new(&export, target, carried, refused, terms);
    match args
        .output
        .as_deref()
        .filter(|file| *file != Path::new("-"))
    {
        None => target.write(&sheet, output.writer())?,
        Some(file) => {
            let mut bytes = Vec::new();
            target.write(&sheet, &mut bytes)?;
            host::write_result(file, &bytes)
                .map_err(|errno| Error::CannotWrite(file.to_owned(), errno))?;
        }
    }
    Ok(Exit::Success)
}

/// What was said about the tool. What is said of another tool is a slip.
fn terms(args: &args::Export, target: &dyn Target) -> Result<Terms, Error> {
    let given = [
        (args.kubernetes.is_some(), "--kubernetes"),
        (args.allow_unsafe, "--allow-unsafe"),
    ];
    let given = given.into_iter().find(|(given, _)| *given);
    if let Some((_, option)) = given
        && target.word() != "kubernetes"
    {
        let what = format!("{option} is about pods, and {} is not", target.word());
        return Err(Error::Usage(what, "leave it away, or add --to kubernetes"));
    }
    let kubernetes = match &args.kubernetes {
        Some(written) => {
            let help = "leave --kubernetes away for the newest";
            let release = crate::lint::kubernetes(written);
            Some(release.map_err(|why| Error::Usage(why, help))?)
        }
        None => None,
    };
    Ok(Terms {
        kubernetes,
        allow_unsafe: args.allow_unsafe,
    })
}

/// The settings that were asked for.
fn wanted(args: &args::Export) -> Result<Export, Error> {
    let export = if let Some(file) = &args.plan {
        Export::of_plan(&host::read_unjudged_plan(file).map_err(Error::Plan)?)
    } else {
        let role = Role {
            profile: args.profile.clone(),
        };
        let files = RuleFiles {
            site: SiteFolder {
                config: args.site.config.clone(),
            },
            dirs: Vec::new(),
        };
        let profile = profile::named(&role, &files)?;
        let profile = profile.ok_or_else(|| {
            let what = "neither a plan nor a profile is named".to_owned();
            Error::Usage(what, "give --plan FILE or --profile NAME")
        })?;
        Export::of_profile(&profile)
    };
    if export.settings.is_empty() {
        let what = format!(
            "{} sets nothing, so there is nothing to export",
            export.source
        );
        return Err(Error::Usage(what, "give one that sets keys"));
    }
    Ok(export)
}
