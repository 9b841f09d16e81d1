//! `tcptune export`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgGroup, Args};

use super::rules::SiteFolder;
use crate::export::TARGETS;

/// `tcptune export`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("settings").required(true).args(["plan", "profile"])))]
pub struct Export {
    /// The tool to write for.
    #[arg(long, value_name = "TOOL", value_parser = tools())]
    pub to: String,

    /// The plan whose changes are exported, as `apply --plan-out` writes it.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub plan: Option<PathBuf>,

    /// The profile whose wishes are exported: general, server, proxy, client, one of the site, or a file.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// The folder of this site's own files.
    #[command(flatten)]
    pub site: SiteFolder,

    /// The file to write, in one step; without it, or with `-`, standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write what the tool can carry, and list what was left out in comments.
    ///
    /// Without it nothing is written when the tool cannot carry all of it, and the exit code is 3.
    #[arg(long)]
    pub skip_refused: bool,

    /// The Kubernetes release to write for: 1.29 [default: the newest that is known]
    #[arg(long, value_name = "VERSION")]
    pub kubernetes: Option<String>,

    /// Let pods set keys that Kubernetes does not call safe.
    ///
    /// The kubelet of every node has to be started with --allowed-unsafe-sysctls for them, or it refuses
    /// the pod. Keys of the whole node are refused all the same.
    #[arg(long)]
    pub allow_unsafe: bool,
}

/// The tools by name, each with what is written for it.
fn tools() -> PossibleValuesParser {
    let tools = TARGETS.iter();
    let tools = tools.map(|target| PossibleValue::new(target.word()).help(target.about()));
    PossibleValuesParser::new(tools)
}
