//! What is measured, by the names of the table.

use crate::measured::command::{CHECK, Line, SS, SYSCTL, TCPTUNE};
use crate::walks;

/// A command and what the table calls it.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) line: Line,
    /// Where the memory is looked at.
    pub(crate) memory: Memory,
}

/// How the most memory a command uses is found.
#[derive(Clone, Copy)]
pub(crate) enum Memory {
    /// It writes all it has to say at the end, and is stopped there.
    AtTheEnd,
    /// It writes as it reads: this command, the one of a pipeline that reads the sockets, is looked at
    /// again and again.
    Watched(&'static str, &'static [&'static str]),
    /// Nobody asks.
    Unasked,
}

/// This program again.
const fn own(name: &'static str, shown: &'static str, arguments: &'static [&'static str]) -> Tool {
    Tool {
        name,
        line: Line {
            shown,
            program: "/proc/self/exe",
            arguments,
            needs: &[],
        },
        memory: Memory::AtTheEnd,
    }
}

pub(crate) const START: Tool = own(
    "process start",
    "a process that does nothing",
    &[walks::WALK, walks::NOTHING],
);

pub(crate) const FLOOR: Tool = own(
    "floor walk",
    "a dump of the kernel's table by a mask that matches nothing",
    &[walks::WALK, walks::FLOOR],
);

pub(crate) const COUNTS: Tool = own(
    "state counts",
    "how `tcptune` counts sockets by state where nobody asks for more",
    &[walks::WALK, walks::COUNTS],
);

pub(crate) const EXACT: Tool = own(
    "exact counts",
    "the same, over every socket (`--exact`)",
    &[walks::WALK, walks::EXACT],
);

pub(crate) const TABLES: Tool = own(
    "procfs tables",
    "/proc/net/tcp and tcp6 by the procfs crate",
    &[walks::WALK, walks::TABLES],
);

pub(crate) const CHECKED: Tool = Tool {
    name: "check",
    line: CHECK,
    memory: Memory::AtTheEnd,
};

pub(crate) const CHECKED_EXACTLY: Tool = Tool {
    name: "check --exact",
    line: Line {
        shown: "tcptune check --interval 0 --exact",
        program: TCPTUNE,
        arguments: &["check", "--interval", "0", "--exact"],
        needs: &[],
    },
    memory: Memory::AtTheEnd,
};

pub(crate) const CHECKED_UNWALKED: Tool = Tool {
    name: "check --no-walk",
    line: Line {
        shown: "tcptune check --interval 0 --no-walk",
        program: TCPTUNE,
        arguments: &["check", "--interval", "0", "--no-walk"],
        needs: &[],
    },
    memory: Memory::AtTheEnd,
};

pub(crate) const SETTINGS: Tool = Tool {
    name: "sysctl",
    line: SYSCTL,
    memory: Memory::Unasked,
};

pub(crate) const SS_STATES: Tool = Tool {
    name: "ss pipeline",
    line: SS,
    memory: Memory::Watched("ss", &["-tan"]),
};

pub(crate) const SS_SUMMARY: Tool = Tool {
    name: "ss -s (no states)",
    line: Line {
        shown: "ss -s",
        program: "ss",
        arguments: &["-s"],
        needs: &["ss"],
    },
    memory: Memory::Unasked,
};

pub(crate) const SS_PROCESSES: Tool = Tool {
    name: "ss -tanp",
    line: Line {
        shown: "ss -tanp",
        program: "ss",
        arguments: &["-tanp"],
        needs: &["ss"],
    },
    memory: Memory::Watched("ss", &["-tanp"]),
};

pub(crate) const SS_OWNERS: Tool = Tool {
    name: "ss -tanp state close-wait",
    line: Line {
        shown: "ss -tanp state close-wait",
        program: "ss",
        arguments: &["-tanp", "state", "close-wait"],
        needs: &["ss"],
    },
    memory: Memory::Watched("ss", &["-tanp", "state", "close-wait"]),
};

pub(crate) const NETSTAT: Tool = Tool {
    name: "netstat pipeline",
    line: Line {
        shown: "sh -c \"netstat -nat | awk '{print $6}' | sort | uniq -c\"",
        program: "sh",
        arguments: &["-c", "netstat -nat | awk '{print $6}' | sort | uniq -c"],
        needs: &["netstat", "awk", "sort", "uniq"],
    },
    memory: Memory::Watched("netstat", &["-nat"]),
};

/// What is timed among any sockets.
pub(crate) const AMONG_SOCKETS: [Tool; 10] = [
    START,
    FLOOR,
    COUNTS,
    EXACT,
    CHECKED,
    CHECKED_EXACTLY,
    SS_STATES,
    NETSTAT,
    SS_SUMMARY,
    TABLES,
];

/// All, for the legend of the table.
pub(crate) const ALL: [Tool; 14] = [
    CHECKED,
    CHECKED_EXACTLY,
    CHECKED_UNWALKED,
    COUNTS,
    EXACT,
    START,
    FLOOR,
    SS_STATES,
    SS_SUMMARY,
    SS_PROCESSES,
    SS_OWNERS,
    NETSTAT,
    TABLES,
    SETTINGS,
];
