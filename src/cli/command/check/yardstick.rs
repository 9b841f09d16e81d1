//! What hosts are judged by: read once, however many there are.

use crate::check::{GUESSED_FROM, Judgement, check_over, guess};
use crate::fact::Snapshot;
use crate::host::Needs;
use crate::plan::{plan, with_wishes};
use crate::render::{self, Report, Role};
use crate::rule::{Profile, Rulebook};

use super::super::profile;
use super::super::site::Site;
use super::remember::Memory;
use crate::cli::args::Check;
use crate::cli::error::Error;

/// The rules, what was accepted of their findings, and the role.
pub(super) struct Yardstick {
    site: Site,
    profile: Option<Profile>,
}

impl Yardstick {
    /// Reads everything, or tells every problem of all files.
    pub(super) fn read(args: &Check) -> Result<Self, Error> {
        let site = Site::chosen(&args.rules, &args.choice)?;
        let profile = profile::named(&args.role, &args.rules)?;
        site.require_something(profile.as_ref())?;
        Ok(Self { site, profile })
    }

    /// The rules.
    pub(super) const fn book(&self) -> &Rulebook {
        &self.site.book
    }

    /// What has to be collected for them; where every setting is to be told, everything.
    pub(super) fn needs(&self, args: &Check) -> Needs {
        if !args.saved.settings.is_empty() {
            return Needs::Everything;
        }
        let mut facts = profile::facts(&self.site.book, self.profile.as_ref());
        if self.profile.is_none() {
            facts.extend(GUESSED_FROM.map(str::to_owned));
        }
        if args.remember {
            // The next run may ask for other rules, and looks back at what this one leaves.
            let all = Rulebook::built_in().facts().into_iter();
            facts.extend(all.filter(|fact| fact.starts_with("counter.")));
        }
        Needs::Facts(facts)
    }

    /// Judges a host, since its last run too where that is remembered; what it is called here goes into the
    /// snapshot too.
    pub(super) fn judge(
        &self,
        args: &Check,
        snapshot: &mut Snapshot,
        mut memory: Option<&mut Memory>,
    ) -> (Report, Vec<Judgement<'_>>) {
        let Site { book, waivers } = &self.site;
        let profile = self.profile.as_ref();
        let labels = std::mem::take(&mut snapshot.labels);
        snapshot.labels = labels.and(&args.saved.label);
        profile::inform(snapshot, profile);
        let longer = memory.as_mut().and_then(|one| one.window(snapshot));
        let both = check_over(snapshot, longer.as_ref(), book, waivers);
        let judgements = both.judgements;
        let plan = plan(&judgements, snapshot);
        let plan = with_wishes(plan, profile, snapshot);
        let report = render::report(snapshot, book, &judgements, &plan);
        let report = match profile {
            Some(profile) => render::under(report, Role::Named(profile), &plan),
            None => render::under(report, Role::Guessed(&guess(snapshot)), &plan),
        };
        let report = match memory {
            Some(memory) => memory.beside(report, longer.as_ref(), &both.not_since),
            None => report,
        };
        (report, judgements)
    }
}
