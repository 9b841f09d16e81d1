//! What a reader of the numbers should know.

use crate::host::inet_diag::DumpNote;

#[derive(Default)]
pub(super) struct Notes {
    pub(super) interrupted: bool,
    pub(super) ipv6_refused: bool,
    pub(super) unreadable: u64,
    pub(super) more: Vec<String>,
}

impl Notes {
    pub(super) fn add(&mut self, note: DumpNote) {
        self.interrupted |= note.interrupted;
        self.ipv6_refused |= note.ipv6_refused;
        self.unreadable += note.unreadable;
    }

    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        self.more.push(sentence.into());
    }

    pub(super) fn sentences(self) -> Vec<String> {
        let mut sentences = self.more;
        if self.interrupted {
            sentences.push("the socket tables changed while they were read".to_owned());
        }
        if self.ipv6_refused {
            sentences.push("the kernel refused to list IPv6 sockets".to_owned());
        }
        if self.unreadable > 0 {
            let count = self.unreadable;
            sentences.push(format!("sockets that could not be understood: {count}"));
        }
        sentences
    }
}
