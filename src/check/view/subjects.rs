//! What rules with `each` are judged for.

use super::{SubjectView, View, unread_sockets};
use crate::check::assignment::assignments;
use crate::check::definition::definitions;
use crate::check::setting::settings;
use crate::fact::Reading;
use crate::fact::socket::Listener;
use crate::rule::expr::Why;

impl<'a> View<'a> {
    /// The listeners, each with itself in the earlier sample; `None` when they cannot be seen.
    pub fn listeners(&self) -> Option<Vec<SubjectView<'a>>> {
        let now = &self.snapshot.now.sockets.as_ref()?.listeners;
        let before = self
            .snapshot
            .earlier
            .as_ref()
            .and_then(|sample| sample.sockets.as_ref());
        let same = |one: &Listener| before?.listener(one);
        Some(
            now.iter()
                .map(|one| SubjectView::Listener(one, same(one)))
                .collect(),
        )
    }

    /// The destinations with most ports in use; `None` when sockets cannot be seen.
    pub fn destinations(&self) -> Option<Vec<SubjectView<'a>>> {
        let sockets = self.snapshot.now.sockets.as_ref()?;
        if sockets.why_unread("destination.").is_some() {
            return None;
        }
        Some(
            sockets
                .summary
                .destinations
                .iter()
                .map(SubjectView::Destination)
                .collect(),
        )
    }

    /// Why there are no destinations to judge.
    pub(in crate::check) fn why_no_destinations(&self) -> Why {
        let sockets = self.snapshot.now.sockets.as_ref();
        let why = sockets.and_then(|sockets| sockets.why_unread("destination."));
        why.map_or_else(unread_sockets, |why| Why::NotCollected(why.to_owned()))
    }

    /// The lines that set network keys at boot, in the order they are read; `None` when the boot
    /// configuration was not read.
    pub fn definitions(&self) -> Option<Vec<SubjectView<'a>>> {
        let found = definitions(self.snapshot.now.boot.as_ref()?);
        Some(found.into_iter().map(SubjectView::Definition).collect())
    }

    /// The keys, by name; `None` when the boot configuration was not read, or no setting was.
    pub fn settings(&self) -> Option<Vec<SubjectView<'a>>> {
        if !self.reads_settings() {
            return None;
        }
        if let Some(found) = self.settings {
            return Some(found.iter().copied().map(SubjectView::Setting).collect());
        }
        let now = &self.snapshot.now;
        let found = settings(now, now.boot.as_ref()?);
        Some(found.into_iter().map(SubjectView::Setting).collect())
    }

    /// Whether a setting of the network was read, be it that it is not there: where none was, as in a `/proc/sys` that is
    /// hidden, nothing can be said of any.
    pub(in crate::check) fn reads_settings(&self) -> bool {
        const OF_NETWORK: &str = "sysctl.net.";
        let readings = self.snapshot.now.readings.range(OF_NETWORK.to_owned()..);
        let mut settings = readings.take_while(|(fact, _)| fact.starts_with(OF_NETWORK));
        settings.any(|(_, reading)| !matches!(reading, Reading::Denied(_)))
    }

    /// What the site has accepted, in the order it is written; `None` when that was not read.
    pub fn accepted(&self) -> Option<Vec<SubjectView<'a>>> {
        let waivers = self.waivers?;
        let all = waivers.list.iter();
        let all = all.map(|one| SubjectView::Waiver(one, waivers.is_over(one)));
        Some(all.collect())
    }

    /// The lines of the texts, in the order in which they act; `None` when no text was read.
    pub fn assignments(&self) -> Option<Vec<SubjectView<'a>>> {
        let found = assignments(self.texts?).into_iter();
        Some(found.map(SubjectView::Assignment).collect())
    }
}
