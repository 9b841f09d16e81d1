//! Where a claim comes from.
//!
//! A text names its sources in short (`kernel net/ipv4/tcp.c: tcp_close()`), so that a title and an
//! address have one home: here.

use serde::Deserialize;

/// The release whose sources the addresses point into.
const RELEASE: &str = "v6.18";

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Source {
    /// What it is, for a reader: `Linux 6.18, net/ipv4/tcp.c: tcp_close()`.
    pub title: String,
    /// Where it is to be found; `None` for what was tried by hand.
    pub url: Option<String>,
    /// The experiment of the project that shows it: `fin_wait::fin_wait2_pileup`.
    pub lab: Option<String>,
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("no such kind of source: `{text}`"))
    }
}

impl Source {
    /// Reads the short form: a word for its kind, a name, and behind a colon what there is to find.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        if kind == "web" {
            let (title, url) = rest.rsplit_once(' ')?;
            return Some(Self::at(title.to_owned(), url.to_owned()));
        }
        if kind == "lab" {
            let (module, function) = rest.split_once("::")?;
            return Some(Self {
                title: format!("experiment on a live kernel: {function} in tests/lab/{module}.rs"),
                url: None,
                lab: Some(rest.to_owned()),
            });
        }
        let (name, what) = match rest.split_once(": ") {
            Some((name, what)) => (name, format!(": {what}")),
            None => (rest, String::new()),
        };
        Some(match kind {
            "kernel" => Self::at(
                format!("Linux 6.18, {name}{what}"),
                format!("https://github.com/torvalds/linux/blob/{RELEASE}/{name}"),
            ),
            "doc" => Self::at(
                format!("kernel documentation, {name}{what}"),
                format!("https://docs.kernel.org/{name}.html"),
            ),
            "rfc" => rfc(name, &what),
            "man" => {
                let (page, section) = name.strip_suffix(')')?.split_once('(')?;
                let folder = section.get(..1)?;
                Self::at(
                    format!("{name}{what}"),
                    format!("https://man7.org/linux/man-pages/man{folder}/{page}.{section}.html"),
                )
            }
            "commit" => Self::at(
                format!("Linux commit {name}{what}"),
                format!("https://git.kernel.org/torvalds/c/{name}"),
            ),
            "tried" => Self {
                title: format!("tried on {name}{what}"),
                url: None,
                lab: None,
            },
            _ => return None,
        })
    }

    fn at(title: String, url: String) -> Self {
        Self {
            title,
            url: Some(url),
            lab: None,
        }
    }
}

/// `9293 3.6`: a number and, if named, a section.
fn rfc(name: &str, what: &str) -> Source {
    let (number, section) = match name.split_once(' ') {
        Some((number, section)) => (number, Some(section)),
        None => (name, None),
    };
    let page = format!("https://www.rfc-editor.org/rfc/rfc{number}.html");
    match section {
        Some(section) => Source::at(
            format!("RFC {number}, section {section}{what}"),
            format!("{page}#section-{section}"),
        ),
        None => Source::at(format!("RFC {number}{what}"), page),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String) {
        let source = Source::parse(text).unwrap();
        (source.title, source.url.unwrap_or_default())
    }

    #[test]
    fn every_kind_has_a_title_and_where_there_is_one_an_address() {
        for (short, title, url) in [
            (
                "kernel net/ipv4/tcp.c: tcp_close()",
                "Linux 6.18, net/ipv4/tcp.c: tcp_close()",
                "https://github.com/torvalds/linux/blob/v6.18/net/ipv4/tcp.c",
            ),
            (
                "doc networking/ip-sysctl",
                "kernel documentation, networking/ip-sysctl",
                "https://docs.kernel.org/networking/ip-sysctl.html",
            ),
            (
                "rfc 9293 3.6: closing",
                "RFC 9293, section 3.6: closing",
                "https://www.rfc-editor.org/rfc/rfc9293.html#section-3.6",
            ),
            (
                "rfc 1337",
                "RFC 1337",
                "https://www.rfc-editor.org/rfc/rfc1337.html",
            ),
            (
                "man tcp(7)",
                "tcp(7)",
                "https://man7.org/linux/man-pages/man7/tcp.7.html",
            ),
            (
                "commit 4396e46187ca: tcp: remove it",
                "Linux commit 4396e46187ca: tcp: remove it",
                "https://git.kernel.org/torvalds/c/4396e46187ca",
            ),
            (
                "tried Linux 6.18: gone after 5.2 s",
                "tried on Linux 6.18: gone after 5.2 s",
                "",
            ),
            (
                "web A page about it https://example.org/x",
                "A page about it",
                "https://example.org/x",
            ),
        ] {
            assert_eq!(read(short), (title.to_owned(), url.to_owned()), "{short}");
        }
    }

    #[test]
    fn an_experiment_is_named_so_that_it_can_be_looked_for() {
        let source = Source::parse("lab fin_wait::fin_wait2_pileup").unwrap();
        assert_eq!(source.lab.as_deref(), Some("fin_wait::fin_wait2_pileup"));
        assert!(source.title.ends_with("tests/lab/fin_wait.rs"));
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for text in [
            "",
            "kernel",
            "book x",
            "lab x",
            "man tcp",
            "web x",
            "man tcp(é)",
        ] {
            assert_eq!(Source::parse(text), None, "{text}");
        }
    }
}
