//! The examples of the manual pages. Tests hold that the program takes each of them.

use super::text::Part::{self, Item};

/// Those of a page.
pub(super) fn of(page: &str) -> &'static [Part] {
    let command = page.strip_prefix("tcptune-").unwrap_or_default();
    let found = EXAMPLES.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, parts)| parts)
}

/// By command, that of the program without a name: command lines that are taken as they stand. What follows
/// ` > ` is the shell's.
const EXAMPLES: &[(&str, &[Part])] = &[
    (
        "",
        &[
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
    ),
    (
        "check",
        &[
            Item("tcptune check --interval 10", "Watches for ten seconds."),
            Item(
                "tcptune check --remember",
                "Judges what happened since the last such run as well.",
            ),
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
                "tcptune check --snapshot snapshots --format ndjson",
                "Judges a folder of them, of any number of hosts.",
            ),
            Item(
                "sudo tcptune check --netns blue",
                "Judges another network namespace.",
            ),
        ],
    ),
    (
        "apply",
        &[
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
    ),
    (
        "confirm",
        &[Item("sudo tcptune confirm", "Keeps the apply that waits.")],
    ),
    (
        "rollback",
        &[
            Item(
                "sudo tcptune rollback",
                "Takes the newest apply back that stands.",
            ),
            Item("sudo tcptune rollback 3", "Takes apply 3 back."),
        ],
    ),
    (
        "history",
        &[Item("sudo tcptune history", "Lists the applies of root.")],
    ),
    (
        "completions",
        &[
            Item(
                "tcptune completions bash > /usr/share/bash-completion/completions/tcptune",
                "For every user of bash on this host; a package has them there already.",
            ),
            Item(
                "tcptune completions fish > ~/.config/fish/completions/tcptune.fish",
                "For one user of fish.",
            ),
        ],
    ),
    (
        "man",
        &[
            Item("tcptune man > tcptune.8", "The page of the program."),
            Item(
                "tcptune man /usr/local/share/man/man8",
                "The pages of all commands; the folder has to be there.",
            ),
        ],
    ),
    (
        "explain",
        &[
            Item("tcptune explain CLOSE-WAIT", "A TCP state."),
            Item("tcptune explain connection refused", "A socket error."),
            Item(
                "tcptune explain connect --kernel 5.14",
                "How long connect() waits there.",
            ),
            Item("tcptune explain --search reuse", "Where it is spoken of."),
        ],
    ),
    (
        "export",
        &[
            Item(
                "tcptune export --to ansible --profile server",
                "What the profile wants, as tasks.",
            ),
            Item(
                "tcptune export --to kubernetes --kubernetes 1.32 --plan plan.json",
                "For pods. Ends with 3 where pods cannot carry all of it.",
            ),
        ],
    ),
    (
        "facts",
        &[Item("tcptune facts socket.", "What is known of sockets.")],
    ),
    (
        "lint",
        &[
            Item(
                "tcptune lint .",
                "Everything below this folder that sets sysctls.",
            ),
            Item(
                "tcptune lint --kernel rhel9 --format sarif deploy > tcptune.sarif",
                "For one distribution, as code scanning wants it.",
            ),
        ],
    ),
    (
        "rules",
        &[
            Item("tcptune rules list", "Every rule and where it comes from."),
            Item(
                "tcptune rules list --select high",
                "Those of severity high.",
            ),
        ],
    ),
    (
        "rules-list",
        &[
            Item("tcptune rules list", "Every rule and where it comes from."),
            Item(
                "tcptune rules list --select high",
                "Those of severity high.",
            ),
        ],
    ),
    (
        "rules-test",
        &[Item(
            "tcptune rules test my-rules --format junit",
            "Judges rules by their cases, for a build server.",
        )],
    ),
    (
        "rules-lint",
        &[Item(
            "tcptune rules lint my-rules",
            "What the rules owe their readers.",
        )],
    ),
    (
        "schema",
        &[Item(
            "tcptune schema report > report.schema.json",
            "What `tcptune check --format json` writes.",
        )],
    ),
    (
        "snapshot",
        &[Item(
            "sudo tcptune snapshot -o web-07.json",
            "For `tcptune check --snapshot` anywhere.",
        )],
    ),
    (
        "why",
        &[
            Item(
                "tcptune why net.core.somaxconn",
                "Its values now and after the next boot, and who set it.",
            ),
            Item(
                "tcptune why net.ipv4.tcp_keepalive",
                "All keys that begin so.",
            ),
        ],
    ),
];
