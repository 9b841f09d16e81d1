//! Which sockets to list, by how many there are.

use super::gauges::Gauges;
use super::options::{CollectOptions, Examine, Walk};
use crate::fact::socket::TcpState;
use crate::host::inet_diag::{Ext, StateMask};

/// A state that holds at most one socket in this many is listed whole: that costs less than another walk to its
/// first few thousand.
const SMALL_PART: u64 = 16;

/// What the main walk lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: there is no connection, and without a listener no half-open one either.
    Nothing,
    /// These states.
    Walk {
        /// The states.
        states: StateMask,
        /// What is asked for of each socket.
        ext: Ext,
        /// Whether the open ones are left out, to be counted by subtraction.
        leaves_established: bool,
        /// Whether those in `TIME_WAIT` are.
        leaves_time_wait: bool,
    },
}

impl Plan {
    /// The plan for a namespace with these sockets, listeners not counted; `None` when nobody knows how
    /// many there are. `lists_listeners` if there are any; `in_one_walk` if the kernel lists both families
    /// together, so that the first sockets of a list are a sample of all.
    pub(super) fn new(
        options: &CollectOptions,
        gauges: Option<Gauges>,
        lists_listeners: bool,
        in_one_walk: bool,
    ) -> Self {
        let all = StateMask::CONNECTIONS;
        let info = if options.ages { Ext::Info } else { Ext::Plain };
        let rich = match options.examine {
            Examine::Yes(_) => Ext::InfoAndMemory,
            Examine::IfStuck => Ext::Info,
            Examine::No => info,
        };
        let Some(gauges) = gauges else {
            return Self::everything(Ext::Plain);
        };
        let (whole, resting) = (gauges.whole(), gauges.resting);
        let count = whole.saturating_add(resting);
        if count == 0 && !lists_listeners {
            return Self::Nothing;
        }
        let most = options.limit.max(count / SMALL_PART);
        if count <= options.limit || options.walk == Walk::Exact || !in_one_walk {
            // The kernel locks a socket to fill its `tcp_info`; of many, some are enough.
            return Self::everything(if whole <= most { rich } else { Ext::Plain });
        }
        let leaves_established = whole > most;
        // The kernel tells of one in a third of the time of an open one (`inet_twsk_diag_fill`: no locks, no
        // attributes), which is as long as a walk to a sample takes for each it passes. So a sample pays
        // only where open ones need the walk in any case; and counting pays where nobody asks for one.
        let is_sampled = leaves_established || !options.samples;
        let leaves_time_wait = resting > most && is_sampled && options.own_time_wait;
        let mut states = all;
        if leaves_established {
            states = states.without(StateMask::only(TcpState::Established));
        }
        if leaves_time_wait {
            states = states.without(StateMask::only(TcpState::TimeWait));
        }
        Self::Walk {
            states,
            ext: if leaves_established { info } else { rich },
            leaves_established,
            leaves_time_wait,
        }
    }

    const fn everything(ext: Ext) -> Self {
        Self::Walk {
            states: StateMask::CONNECTIONS,
            ext,
            leaves_established: false,
            leaves_time_wait: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fact::socket::BufferLimits;

    fn options() -> CollectOptions {
        CollectOptions {
            own_time_wait: true,
            ..CollectOptions::recorded((32_768, 60_999), Path::new(""))
        }
        .examining(Examine::Yes(BufferLimits::default()))
    }

    fn plan(options: &CollectOptions, whole: u64, resting: u64) -> Plan {
        let gauges = Gauges {
            in_use: [whole, 0],
            resting,
        };
        Plan::new(options, Some(gauges), true, true)
    }

    /// What is left out, and what is asked for of the rest.
    fn left_out(plan: Plan) -> (bool, bool, Ext) {
        match plan {
            Plan::Nothing => panic!("nothing is walked"),
            Plan::Walk {
                ext,
                leaves_established,
                leaves_time_wait,
                states,
            } => {
                let mut expected = StateMask::CONNECTIONS;
                for (left, state) in [
                    (leaves_established, TcpState::Established),
                    (leaves_time_wait, TcpState::TimeWait),
                ] {
                    if left {
                        expected = expected.without(StateMask::only(state));
                    }
                }
                assert_eq!(states, expected);
                (leaves_established, leaves_time_wait, ext)
            }
        }
    }

    #[test]
    fn some_thousands_are_listed_at_once_with_all_that_is_asked() {
        let expected = (false, false, Ext::InfoAndMemory);
        assert_eq!(left_out(plan(&options(), 20_000, 0)), expected);
        assert_eq!(left_out(plan(&options(), 0, 20_000)), expected);
        let nobody = CollectOptions {
            ages: false,
            ..options().examining(Examine::No)
        };
        assert_eq!(left_out(plan(&nobody, 5, 5)), (false, false, Ext::Plain));
    }

    #[test]
    fn of_many_only_the_states_with_many_are_left_out() {
        for (whole, resting, expected) in [
            (20_001, 0, (true, false, Ext::Info)),
            (15_000, 15_000, (false, false, Ext::InfoAndMemory)),
            (400, 500_000, (false, false, Ext::InfoAndMemory)),
            (500_000, 400, (true, false, Ext::Info)),
            (500_000, 500_000, (true, true, Ext::Info)),
            (60_000, 940_000, (false, false, Ext::InfoAndMemory)),
            (70_000, 930_000, (true, true, Ext::Info)),
        ] {
            let found = left_out(plan(&options(), whole, resting));
            assert_eq!(found, expected, "{whole} and {resting}");
        }
    }

    #[test]
    fn a_count_of_the_whole_machine_is_no_count_of_this_namespace() {
        let old = CollectOptions {
            own_time_wait: false,
            ..options()
        };
        let found = left_out(plan(&old, 500_000, 500_000));
        assert_eq!(found, (true, false, Ext::Info));
    }

    #[test]
    fn who_wants_all_exactly_gets_all_and_locks_few() {
        let exact = options().walking(Walk::Exact);
        let all = (false, false, Ext::Plain);
        assert_eq!(left_out(plan(&exact, 500_000, 500_000)), all);
        let few_open = (false, false, Ext::InfoAndMemory);
        assert_eq!(left_out(plan(&exact, 20_000, 500_000)), few_open);
    }

    #[test]
    fn without_a_count_or_a_common_list_nothing_is_left_out() {
        let gauges = Gauges {
            in_use: [500_000, 0],
            resting: 0,
        };
        let all = (false, false, Ext::Plain);
        let untold = Plan::new(&options(), None, false, true);
        assert_eq!(left_out(untold), all);
        let apart = Plan::new(&options(), Some(gauges), true, false);
        assert_eq!(left_out(apart), all);
    }

    #[test]
    fn an_empty_namespace_is_not_walked_unless_something_listens() {
        let none = Some(Gauges::default());
        assert_eq!(Plan::new(&options(), none, false, true), Plan::Nothing);
        assert_ne!(Plan::new(&options(), none, true, true), Plan::Nothing);
    }
}
