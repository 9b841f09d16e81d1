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
        parts: examples(page),
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
         rules stayed unknown and nothing was found. Ctrl-C cut a look at the host short, and what is known \
         has no finding.",
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
        "Where the journal of a user who is not root is: tcptune/journal in the first, or in .local/state of \
         the second.",
    ),
    Item("XDG_RUNTIME_DIR", "Where the lock of such a user is."),
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

/// Command lines that are taken as they stand. What follows ` > ` is the shell's.
fn examples(page: &str) -> &'static [Part] {
    let command = page.strip_prefix("tcptune-").unwrap_or_default();
    match command {
        "check" => &[
            Item("tcptune check --interval 10", "Watches for ten seconds."),
            Item(
                "tcptune check --select high,ports",
                "Judges the rules of severity high and those about ports.",
            ),
            Item(
                "tcptune check --format prometheus -o /var/lib/prometheus/node-exporter/tcptune.prom",
                "For the textfile collector of the node exporter; the file is replaced in one step.",
            ),
            Item(
                "tcptune check --format ndjson --exit-zero",
                "Flat records for a log shipper, without a failure where there are findings.",
            ),
            Item(
                "tcptune check --snapshot web-07.json",
                "Judges what was saved on another host.",
            ),
            Item(
                "sudo tcptune check --netns blue",
                "Judges another network namespace.",
            ),
        ],
        "apply" => &[
            Item("sudo tcptune apply", "Shows the plan and asks."),
            Item(
                "sudo tcptune apply --dry-run --profile server",
                "Ends with 1 where the host is not yet as the profile wants it.",
            ),
            Item(
                "sudo tcptune apply --yes --confirm 120",
                "Takes the values back after two minutes unless `tcptune confirm` is run.",
            ),
            Item(
                "sudo tcptune apply --plan-out plan.json",
                "Writes the plan for a review and changes nothing.",
            ),
            Item(
                "sudo tcptune apply --plan plan.json",
                "Makes the plan that was reviewed, if the host is still as it was.",
            ),
        ],
        "confirm" => &[Item("sudo tcptune confirm", "Keeps the apply that waits.")],
        "rollback" => &[
            Item(
                "sudo tcptune rollback",
                "Takes the newest apply back that stands.",
            ),
            Item("sudo tcptune rollback 3", "Takes apply 3 back."),
        ],
        "history" => &[Item("sudo tcptune history", "Lists the applies of root.")],
        "completions" => &[
            Item(
                "tcptune completions bash > /usr/share/bash-completion/completions/tcptune",
                "For every user of bash on this host; a package has them there already.",
            ),
            Item(
                "tcptune completions fish > ~/.config/fish/completions/tcptune.fish",
                "For one user of fish.",
            ),
        ],
        "man" => &[
            Item("tcptune man > tcptune.8", "The page of the program."),
            Item(
                "tcptune man /usr/local/share/man/man8",
                "The pages of all commands; the folder has to be there.",
            ),
        ],
        "explain" => &[
            Item("tcptune explain CLOSE-WAIT", "A TCP state."),
            Item("tcptune explain connection refused", "A socket error."),
            Item(
                "tcptune explain connect --kernel 5.14",
                "How long connect() waits there.",
            ),
            Item("tcptune explain --search reuse", "Where it is spoken of."),
        ],
        "export" => &[
            Item(
                "tcptune export --to ansible --profile server",
                "What the profile wants, as tasks.",
            ),
            Item(
                "tcptune export --to kubernetes --kubernetes 1.32 --plan plan.json",
                "For pods. Ends with 3 where pods cannot carry all of it.",
            ),
        ],
        "facts" => &[Item("tcptune facts socket.", "What is known of sockets.")],
        "lint" => &[
            Item(
                "tcptune lint .",
                "Everything below this folder that sets sysctls.",
            ),
            Item(
                "tcptune lint --kernel rhel9 --format sarif deploy > tcptune.sarif",
                "For one distribution, as code scanning wants it.",
            ),
        ],
        "rules" | "rules-list" => &[
            Item("tcptune rules list", "Every rule and where it comes from."),
            Item(
                "tcptune rules list --select high",
                "Those of severity high.",
            ),
        ],
        "rules-test" => &[Item(
            "tcptune rules test my-rules --format junit",
            "Judges rules by their cases, for a build server.",
        )],
        "rules-lint" => &[Item(
            "tcptune rules lint my-rules",
            "What the rules owe their readers.",
        )],
        "schema" => &[Item(
            "tcptune schema report > report.schema.json",
            "What `tcptune check --format json` writes.",
        )],
        "snapshot" => &[Item(
            "sudo tcptune snapshot -o web-07.json",
            "For `tcptune check --snapshot` anywhere.",
        )],
        "why" => &[
            Item(
                "tcptune why net.core.somaxconn",
                "Its values now and after the next boot, and who set it.",
            ),
            Item(
                "tcptune why net.ipv4.tcp_keepalive",
                "All keys that begin so.",
            ),
        ],
        _ => &[
            Item("tcptune check", "Audits this host."),
            Item(
                "sudo tcptune check --apply",
                "Shows what would be changed, asks, and changes it.",
            ),
            Item(
                "tcptune why net.core.somaxconn",
                "Tells who set a key, and what the next boot makes of it.",
            ),
            Item(
                "tcptune explain CLOSE-WAIT",
                "Explains a state with the numbers of this host.",
            ),
            Item("tcptune lint .", "Judges the files of a repository."),
        ],
    }
}
