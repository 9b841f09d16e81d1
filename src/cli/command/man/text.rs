//! What the manual pages say beyond options: written by hand, and held against the program by tests.

/// System administration.
pub(super) const SECTION: &str = "8";

/// The day of the release that the pages are about.
pub(super) const DATE: &str = "2026-11-22";

/// A piece of a section. What stands between backquotes is typed.
pub(super) enum Part {
    /// A paragraph.
    Text(&'static str),
    /// A word or a command line, and what is to be said of it.
    Item(&'static str, &'static str),
}

use Part::{Item, Text};

use super::examples;

/// A section with its parts.
pub(super) struct Section {
    /// In capitals.
    pub(super) title: &'static str,
    pub(super) parts: &'static [Part],
}

/// What the program is, at more length than its help says it.
pub(super) fn description(page: &str) -> Option<&'static [Part]> {
    (page == "tcptune").then_some(&[
        Text(
            "tcptune tells what is wrong with the TCP/IP settings of a Linux host right now, how it knows, \
             what to change, and when to change nothing and repair the application instead. Its advice \
             rests on what this kernel counts over a window, one second unless told otherwise.",
        ),
        Text(
            "It changes nothing unasked. `tcptune check` needs no root; root sees more: the names of \
             processes, other network namespaces. `tcptune apply` shows a plan, asks, makes the changes, \
             reads each of them back, and keeps a journal from which `tcptune rollback` takes them back.",
        ),
        Text(
            "Results go to standard output, everything else to standard error. What could not be seen is \
             said to be unknown, with the reason, and is never taken for fine.",
        ),
    ])
}

/// The sections behind the options.
pub(super) fn sections(page: &str) -> Vec<Section> {
    let examples = Section {
        title: "EXAMPLES",
        parts: examples::of(page),
    };
    if page != "tcptune" {
        let status = Section {
            title: "EXIT STATUS",
            parts: &[Text("As in `tcptune`(8), the same for every command.")],
        };
        return vec![status, examples];
    }
    let section = |title, parts| Section { title, parts };
    vec![
        section("EXIT STATUS", STATUS),
        section("ENVIRONMENT", ENVIRONMENT),
        section("FILES", FILES),
        examples,
    ]
}

/// The first that applies.
const STATUS: &[Part] = &[
    Text("The first that applies, the same for every command:"),
    Item(
        "5",
        "A rollback is incomplete: a person has to look at what is named.",
    ),
    Item("4", "An apply failed, and everything is as before."),
    Item(
        "6",
        "Another run holds the lock; its process number is named.",
    ),
    Item(
        "2",
        "Usage, configuration or rule error, or nobody to ask; nothing was done.",
    ),
    Item(
        "1",
        "Findings at or above `--fail-on`; changes are pending (`--dry-run`); an apply was declined, was not \
         confirmed in time, or improved nothing (`--prove`).",
    ),
    Item(
        "3",
        "Refused, and nothing was changed: another file would win, a stale plan, keys that cannot be \
         written here, an apply that is open, settings that a tool cannot carry. With `--fail-on-unknown`: \
         rules stayed unknown and nothing was found. Some of many snapshots could not be read, or a signal \
         (Ctrl-C, SIGTERM) cut a look short, and what is known has no finding.",
    ),
    Item("0", "Otherwise, or `--exit-zero` was given."),
    Text(
        "Only `tcptune check --format nagios` has codes of its own, those of a monitoring plugin: 2 where a \
         finding of severity high counts, 1 where another one does, 3 where nothing could be judged or the \
         run failed or was cut short, 0 otherwise. In a unit of systemd, `SuccessExitStatus=1` keeps \
         findings from failing it.",
    ),
];

/// Every variable that is read.
const ENVIRONMENT: &[Part] = &[
    Item("NO_COLOR", "Not empty: no colours."),
    Item(
        "CLICOLOR_FORCE",
        "Neither empty nor 0: colours though standard output is no terminal. NO_COLOR is stronger, `--color` \
         stronger than both.",
    ),
    Item(
        "PAGER",
        "Shows long pages of `tcptune explain` on a terminal; without it less(1).",
    ),
    Item("LESS", "The options of less(1), FRX where it is not set."),
    Item(
        "XDG_STATE_HOME, HOME",
        "Where the journal of a user who is not root is, and what `tcptune check --remember` leaves: \
         tcptune/journal and tcptune/remembered in the first, or in .local/state of the second.",
    ),
    Item(
        "XDG_RUNTIME_DIR",
        "Where the lock of such a user is; without it, beside the journal.",
    ),
    Item(
        "STATE_DIRECTORY",
        "Where a service of systemd keeps what `tcptune check --remember` leaves to the next run.",
    ),
    Item(
        "SUDO_USER, LOGNAME, USER",
        "By whom an apply was made, as `tcptune history` tells it: the first that is set.",
    ),
];

/// What is read and written that belongs to the program.
const FILES: &[Part] = &[
    Item(
        "/etc/tcptune/rules.d/",
        "Rules of this site, *.yaml. A rule with a known id replaces that rule, or disables it.",
    ),
    Item(
        "/etc/tcptune/waivers.yaml",
        "Findings that somebody accepted until a day, each with the reason.",
    ),
    Item(
        "/etc/tcptune/profiles.d/",
        "Roles of hosts: parameters that rules read, and values the hosts are to have.",
    ),
    Item(
        "/etc/sysctl.d/60-tcptune.conf",
        "The one file of settings that an apply writes. Once somebody has edited it, it is left alone.",
    ),
    Item(
        "/var/lib/tcptune/journal/",
        "Every apply with the values from before it; for root alone.",
    ),
    Item(
        "/var/lib/tcptune/remembered/",
        "What `tcptune check --remember` of root leaves to the next run.",
    ),
    Item(
        "/run/tcptune/lock",
        "Keeps two runs from changing settings at the same time.",
    ),
    Text(
        "The files that set sysctls at boot are read, as systemd-sysctl(8) or sysctl(8) would read them, and \
         never changed.",
    ),
];

/// The pages of other tools that one wants next.
pub(super) const fn neighbours(page: &str) -> &'static [(&'static str, &'static str)] {
    match page.as_bytes() {
        b"tcptune" => &[
            ("tcptune-check", "8"),
            ("tcptune-apply", "8"),
            ("tcptune-explain", "8"),
            ("tcptune-why", "8"),
            ("ip-netns", "8"),
            ("ss", "8"),
            ("sysctl", "8"),
            ("sysctl.d", "5"),
            ("tcp", "7"),
        ],
        b"tcptune-why" => &[("systemd-sysctl", "8"), ("sysctl.d", "5")],
        b"tcptune-apply" => &[
            ("tcptune-confirm", "8"),
            ("tcptune-history", "8"),
            ("tcptune-rollback", "8"),
        ],
        b"tcptune-confirm" | b"tcptune-rollback" | b"tcptune-history" => &[("tcptune-apply", "8")],
        _ => &[],
    }
}
