//! The closed word lists of a rule: severity, kind, maturity, scope, owner, subject.

use serde::{Deserialize, Serialize};

/// A closed list of words that may stand in a rule file.
pub trait Term: Copy + 'static {
    /// Every word with its meaning, in the order of life or of weight.
    const WORDS: &'static [(&'static str, Self)];

    /// The meaning of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, term)| *term)
    }
}

macro_rules! terms {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl Term for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];
        }

        impl $name {
            /// The word as rule files and reports spell it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

terms! {
    /// How much a finding hurts; ordered, `info` least.
    Severity {
        /// Worth knowing; nothing is wrong.
        Info = "info",
        /// Wrong, and nobody suffers yet.
        Low = "low",
        /// Hurts some connections, or will under load.
        Medium = "medium",
        /// Hurts users now.
        High = "high",
    }
}

terms! {
    /// What a rule judges by.
    Kind {
        /// Judged from counters and sockets.
        Symptom = "symptom",
        /// Judged from values alone.
        Setting = "setting",
    }
}

terms! {
    /// How well a rule is proven.
    Maturity {
        /// Believed, not yet shown on a live kernel.
        Preview = "preview",
        /// Shown by an experiment on a live kernel.
        Stable = "stable",
    }
}

terms! {
    /// Where the settings a rule would change live.
    Scope {
        /// Each network namespace has its own.
        Netns = "netns",
        /// One for the machine.
        Host = "host",
    }
}

terms! {
    /// Who has to act on a finding.
    Owner {
        /// The operator of this host: a setting.
        Host = "host",
        /// The program that holds the sockets.
        Application = "application",
        /// The other end.
        Peer = "peer",
        /// What lies between.
        Network = "network",
    }
}

terms! {
    /// What a rule with `each` is judged for, one at a time.
    Subject {
        /// A listening TCP socket.
        Listener = "listener",
        /// A source address towards one destination address and port.
        Destination = "destination",
        /// A line that sets a key at boot.
        Definition = "definition",
        /// A key, with its value now and at the next boot.
        Setting = "setting",
        /// A finding that somebody accepted until a day.
        Waiver = "waiver",
        /// A line of a text that sets a key.
        Assignment = "assignment",
    }
}

impl Subject {
    /// Whether every one with the fault is listed: lines, keys and waivers are; of sockets the worst is.
    pub const fn is_listed(self) -> bool {
        !matches!(self, Self::Listener | Self::Destination)
    }

    /// Whether it comes from texts, and not from a host.
    pub const fn is_of_text(self) -> bool {
        matches!(self, Self::Assignment)
    }

    /// Whether it comes from the boot configuration.
    pub const fn is_of_boot(self) -> bool {
        matches!(self, Self::Definition | Self::Setting)
    }
}

impl Severity {
    /// One step lower; what is past weighs less.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium => Self::Low,
            Self::Low | Self::Info => Self::Info,
        }
    }
}
