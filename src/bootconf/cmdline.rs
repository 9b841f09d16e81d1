//! `sysctl.KEY=VALUE` on the kernel command line.

/// One such word, quotes removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// What stands behind `sysctl.`, or what an older name of its own stands for.
    pub(super) key: &'a [u8],
    /// `None` without `=`.
    pub(super) value: Option<&'a [u8]>,
}

/// Parameters that are older than `sysctl.` and mean the same (`fs/proc/proc_sysctl.c`,
/// `sysctl_aliases`).
const ALIASES: [(&[u8], &[u8]); 4] = [
    (
        b"hardlockup_all_cpu_backtrace",
        b"kernel.hardlockup_all_cpu_backtrace",
    ),
    (b"hung_task_panic", b"kernel.hung_task_panic"),
    (b"numa_zonelist_order", b"vm.numa_zonelist_order"),
    (
        b"softlockup_all_cpu_backtrace",
        b"kernel.softlockup_all_cpu_backtrace",
    ),
];

/// The words in order, up to `--`, behind which everything is for init (`kernel/params.c`,
/// `parse_args`).
pub(super) fn words(line: &[u8]) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = line.split(|byte| *byte == 0).next().unwrap_or_default();
    loop {
        while let [first, after @ ..] = rest
            && is_space(*first)
        {
            rest = after;
        }
        if rest.is_empty() {
            return words;
        }
        let (name, value, after) = next(rest);
        rest = after;
        if value.is_none() && name == b"--" {
            return words;
        }
        let key = match name {
            [b's', b'y', b's', b'c', b't', b'l', b'.' | b'/', key @ ..] => Some(key),
            name => ALIASES
                .iter()
                .find(|(old, _)| *old == name)
                .map(|(_, key)| *key),
        };
        words.extend(key.map(|key| Word { key, value }));
    }
}

/// The first word: name, value, and what follows it (`lib/cmdline.c`, `next_arg`).
fn next(text: &[u8]) -> (&[u8], Option<&[u8]>, &[u8]) {
    let (text, quoted) = match text {
        [b'"', text @ ..] => (text, true),
        text => (text, false),
    };
    let mut in_quotes = quoted;
    let mut equals = 0;
    let mut end = text.len();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            byte if is_space(*byte) && !in_quotes => {
                end = at;
                break;
            }
            b'=' if equals == 0 => equals = at,
            b'"' => in_quotes = !in_quotes,
            _ => {}
        }
    }
    let (word, rest) = text.split_at_checked(end).unwrap_or_default();
    let unquoted = |part| strip_end(part, quoted);
    if equals == 0 {
        return (unquoted(word), None, rest);
    }
    let (name, value) = word.split_at_checked(equals).unwrap_or_default();
    let value = match value.get(1..).unwrap_or_default() {
        [b'"'] => &[],
        [b'"', value @ ..] => unquoted(strip_end(value, true)),
        value => unquoted(value),
    };
    (name, Some(value), rest)
}

/// Without a quote at the end.
fn strip_end(text: &[u8], strip: bool) -> &[u8] {
    match text {
        [text @ .., b'"'] if strip => text,
        text => text,
    }
}

/// `isspace` of the kernel, to which the no-break space of Latin-1 is one (`lib/ctype.c`).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        words(line.as_bytes())
            .iter()
            .map(|word| (text(word.key), word.value.map(text)))
            .collect()
    }

    fn one(key: &str, value: &str) -> Vec<(String, Option<String>)> {
        vec![(key.to_owned(), Some(value.to_owned()))]
    }

    #[test]
    fn only_words_that_begin_with_sysctl_and_a_separator_are_keys() {
        assert_eq!(
            read("ro quiet sysctl.net.ipv4.tcp_sack=0 sysctlx.a=1 xsysctl.a=1 sysctl=1\n"),
            one("net.ipv4.tcp_sack", "0")
        );
        assert_eq!(read("sysctl/vm/swappiness=9"), one("vm/swappiness", "9"));
    }

    #[test]
    fn quotes_hold_blanks_together_around_the_value_or_the_whole_word() {
        let rmem = one("net.ipv4.tcp_rmem", "4096 131072 6291456");
        assert_eq!(
            read(r#"a sysctl.net.ipv4.tcp_rmem="4096 131072 6291456" b"#),
            rmem
        );
        assert_eq!(
            read(r#""sysctl.net.ipv4.tcp_rmem=4096 131072 6291456" b"#),
            rmem
        );
        assert_eq!(
            read("sysctl.net.ipv4.tcp_rmem=4096 131072 6291456"),
            one("net.ipv4.tcp_rmem", "4096")
        );
        assert_eq!(read(r#"sysctl.a=b"c d"e"#), one("a", r#"b"c d"e"#));
        assert_eq!(read(r#"sysctl.a=""#), one("a", ""));
        assert_eq!(
            read(r#"sysctl.a="open to the end"#),
            one("a", "open to the end")
        );
    }

    #[test]
    fn what_follows_two_dashes_is_for_init() {
        assert_eq!(read("sysctl.a.b=1 -- sysctl.c.d=2"), one("a.b", "1"));
        assert_eq!(read("--=x sysctl.a.b=1"), one("a.b", "1"));
    }

    #[test]
    fn the_older_names_mean_their_keys() {
        assert_eq!(
            read("hung_task_panic=1"),
            one("kernel.hung_task_panic", "1")
        );
    }

    #[test]
    fn a_word_without_a_value_is_kept_to_be_reported() {
        assert_eq!(read("sysctl.a.b"), vec![("a.b".to_owned(), None)]);
    }

    #[test]
    fn a_no_break_space_ends_a_word_as_in_the_kernel() {
        assert_eq!(words(b"sysctl.a.b=1\xa0x")[0].value, Some(&b"1"[..]));
    }
}
