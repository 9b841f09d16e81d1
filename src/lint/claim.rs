//! What a line calls the default of the key that it sets: `# default is 128`, `默认为0`.

/// What stands before a number that is called a default, in several languages.
const WORDS: [&str; 17] = [
    "default",
    "默认",
    "缺省",
    "預設",
    "默認",
    "デフォルト",
    "по умолчанию",
    "по-умолчанию",
    "standardwert",
    "standardmäßig",
    "standard:",
    "standard ist",
    "voreinstellung",
    "voreingestellt",
    "par défaut",
    "por defecto",
    "기본값",
];

/// What may stand between the word and the number.
const LINKS: [&str; 27] = [
    "равно",
    "равен",
    "стоит",
    "это",
    "составляет",
    "ist",
    "auf",
    "est",
    "es",
    "–",
    "—",
    "values",
    "value",
    "is",
    "to",
    "of",
    "just",
    "值",
    "値",
    "为",
    "為",
    "是",
    "设",
    "設",
    "置",
    "定",
    "は",
];

/// Units that are not those of a key, or not surely: the number is then another one than the key's.
const UNITS: [&str; 24] = [
    "k", "m", "g", "t", "ki", "mi", "gi", "kb", "mb", "gb", "kib", "mib", "gib", "ms", "us", "h",
    "hour", "hours", "min", "mins", "minute", "minutes", "day", "days",
];

/// The same where no blanks part words.
const UNITS_WITHOUT_BLANKS: [&str; 22] = [
    "个小时",
    "小时",
    "小時",
    "分",
    "毫秒",
    "天",
    "页",
    "兆",
    "万",
    "千",
    "百",
    "時間",
    "час",
    "мин",
    "мс",
    "кб",
    "мб",
    "гб",
    "дн",
    "stunde",
    "heure",
    "hora",
];

/// Words that make it a default of some other time or place.
const ELSEWHERE: [&str; 28] = [
    "before",
    "until",
    "older",
    "prior",
    "since",
    "earlier",
    "formerly",
    "instead of",
    "ubuntu",
    "centos",
    "rhel",
    "debian",
    "windows",
    "之前",
    "以前",
    "以后",
    "之后",
    "早期",
    "版本",
    "旧",
    "老",
    "раньше",
    "до версии",
    "в ядр",
    "старых",
    "früher",
    "älter",
    "avant",
];

/// Where a template begins and ends.
const TEMPLATES: [(&str, &str); 5] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("${", "}"),
    ("#{", "}"),
];

/// The longest line that is read, in bytes: a longer one is no sentence, and may hold very many keys.
const LONGEST: usize = 8192;

/// How far from a key its default is looked for, in bytes.
const REACH: usize = 600;

/// The default that a line states behind the key that begins at a column, in characters from 1.
pub(super) fn stated(line: &str, column: usize) -> Option<String> {
    if line.len() > LONGEST {
        return None;
    }
    let start = line.char_indices().nth(column.checked_sub(1)?)?.0;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-./*@+".contains(c);
    let rest = line.get(start..)?.trim_start_matches(is_name);
    let next = ["net.", "net/"].iter().filter_map(|key| rest.find(key));
    let mut end = next.min().unwrap_or(rest.len()).min(REACH);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    said(&without_templates(rest.get(..end)?).to_lowercase())
}

/// The default that a comment above a line states for the key of the line: one of its own, about nothing else.
pub(super) fn stated_above(line: &str) -> Option<String> {
    let text = line.trim_start();
    let body = text.trim_start_matches(['#', ';', '/']).trim_start();
    let other = ["net.", "net/", "vm.", "kernel.", "fs.", "="];
    if body.len() == text.len() || line.len() > REACH || other.iter().any(|one| body.contains(one))
    {
        return None;
    }
    said(&without_templates(body).to_lowercase())
}

/// A text without what a template puts in: its `default(128)` is what the template falls back to.
fn without_templates(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, close)) = TEMPLATES
        .iter()
        .filter_map(|(open, close)| Some((rest.find(open)?, *close)))
        .min()
    {
        bare.push_str(rest.get(..at).unwrap_or_default());
        bare.push(' ');
        let inner = rest.get(at..).unwrap_or_default();
        // What does not end is cut off with the line.
        let end = inner
            .find(close)
            .map_or(inner.len(), |end| end + close.len());
        rest = inner.get(end..).unwrap_or_default();
    }
    bare.push_str(rest);
    bare
}

/// The default that a text in small letters states.
fn said(rest: &str) -> Option<String> {
    WORDS.iter().find_map(|word| {
        rest.match_indices(word).find_map(|(at, _)| {
            let before = rest.get(..at)?;
            let joined =
                before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c));
            let (value, left) = number(rest.get(at + word.len()..)?)?;
            let clause = (last_clause(before), first_clause(left));
            (!joined && !is_elsewhere(clause.0) && !is_elsewhere(clause.1)).then_some(value)
        })
    })
}

/// The numbers that follow the word, as one value, and what is left of the text.
fn number(behind: &str) -> Option<(String, &str)> {
    let mut rest = behind.strip_prefix('s').unwrap_or(behind);
    loop {
        let bare =
            rest.trim_start_matches([' ', '\t', ':', '：', '=', '*', '`', '"', '\'', '(', '（']);
        let linked = LINKS.iter().find_map(|link| {
            let left = bare.strip_prefix(link)?;
            let whole = !link.is_ascii() || !left.starts_with(|c: char| c.is_ascii_alphanumeric());
            whole.then_some(left)
        });
        match linked {
            Some(left) => rest = left,
            None if bare.len() < rest.len() => rest = bare,
            None => break,
        }
    }
    let mut value = String::new();
    for _ in 0..3 {
        let next = rest.trim_start_matches([' ', '\t']);
        let signed = next.strip_prefix('-').unwrap_or(next);
        let sign = next.len() - signed.len();
        let digits = signed
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(signed.len());
        if !(1..=12).contains(&digits) {
            break;
        }
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(next.get(..sign + digits)?);
        rest = next.get(sign + digits..)?;
    }
    (!value.is_empty() && !has_unit(rest)).then_some((value, rest))
}

/// Whether the number goes on, or counts in another unit.
fn has_unit(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        Some(first) if first.is_ascii_alphanumeric() || matches!(first, '%' | '_' | '/') => {
            return true;
        }
        Some('.') if chars.next().is_some_and(|c| c.is_ascii_digit()) => return true,
        _ => {}
    }
    let next = rest.trim_start_matches([' ', '\t']);
    let word = next.split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| UNITS.contains(&word))
        || UNITS_WITHOUT_BLANKS
            .iter()
            .any(|unit| next.starts_with(unit))
}

const ENDS: [char; 8] = [';', '；', '。', '(', ')', '（', '）', '|'];

fn last_clause(text: &str) -> &str {
    text.rsplit(ENDS).next().unwrap_or(text)
}

fn first_clause(text: &str) -> &str {
    text.split(ENDS).next().unwrap_or(text)
}

/// Whether a clause speaks of some kernels or systems only.
fn is_elsewhere(clause: &str) -> bool {
    ELSEWHERE.iter().any(|word| clause.contains(word))
        || ["linux", "kernel", "kernels", "内核", "內核"]
            .iter()
            .any(|word| {
                clause.match_indices(word).any(|(at, _)| {
                    let behind = clause.get(at + word.len()..).unwrap_or_default();
                    behind
                        .trim_start()
                        .starts_with(|c: char| c.is_ascii_digit() || matches!(c, '<' | '>'))
                })
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        stated(line, line.find("net").unwrap_or(0) + 1)
    }

    #[test]
    fn a_default_is_found_in_the_words_of_several_languages() {
        for line in [
            "net.ipv4.tcp_sack = 0 # default is 1",
            "net.ipv4.tcp_sack=0 (default: 1)",
            "sysctl -w net.ipv4.tcp_sack=0 # defaults to 1, we know better",
            "net.ipv4.tcp_sack = 0 turns it off. The default value is `1`.",
            "net.ipv4.tcp_sack = 0 关闭选择确认，默认为1，表示打开；",
            "net.ipv4.tcp_sack = 0 默认值：1",
            "net.ipv4.tcp_sack = 0 缺省是1",
            "net.ipv4.tcp_sack = 0 預設為 1",
            "echo 0 > /proc/sys/net/ipv4/tcp_sack # Default 1",
            "net.ipv4.tcp_sack = 0 # По умолчанию — 1, выключаем",
            "net.ipv4.tcp_sack = 0 # значение по умолчанию 1",
            "net.ipv4.tcp_sack = 0 # Standardwert: 1",
            "net.ipv4.tcp_sack = 0 # standardmäßig auf 1",
            "net.ipv4.tcp_sack = 0 # Voreinstellung ist 1",
            "net.ipv4.tcp_sack = 0 # par défaut 1",
        ] {
            assert_eq!(of(line).as_deref(), Some("1"), "{line}");
        }
        let several = "net.ipv4.tcp_rmem = 1 2 3 # default: 4096 87380 6291456";
        assert_eq!(of(several).as_deref(), Some("4096 87380 6291456"));
    }

    #[test]
    fn a_comment_above_a_line_may_state_its_default() {
        for above in [
            "# Default: 1",
            "  ; default is 1",
            "# выключить (по умолчанию 1)",
            "// 默认为1",
        ] {
            assert_eq!(stated_above(above).as_deref(), Some("1"), "{above}");
        }
        for above in [
            "Default: 1",
            "# net.ipv4.tcp_dsack: default 1",
            "# default_qdisc",
            "# default: 2 hours",
            "# x=1, default 1",
            "",
        ] {
            assert_eq!(stated_above(above), None, "{above}");
        }
    }

    #[test]
    fn what_states_no_default_of_this_key_is_none() {
        for line in [
            "net.ipv4.conf.default.rp_filter = 1",
            "net.core.rmem_default = 212992",
            "net.core.default_qdisc = fq",
            "net.ipv4.tcp_sack = 0 # the default was 1",
            "net.ipv4.tcp_sack = 0 # default is 1 before Linux 2.4",
            "net.core.somaxconn = 9000 # on kernel 4.18 the default is 128",
            "net.core.somaxconn = 9000 旧内核默认为128",
            "net.ipv4.tcp_keepalive_time = 60 # default is 2 hours",
            "net.ipv4.tcp_keepalive_time = 60 默认为2小时",
            "net.ipv4.tcp_keepalive_time = 60 # по умолчанию 2 часа",
            "net.core.somaxconn = 9000 # раньше по умолчанию 128",
            "net.core.somaxconn = 9000 # in the standard 128",
            "net.core.rmem_max = 1 # default 208K",
            "net.core.rmem_max = 1 # default 0.2 MB",
            "sysctl -w net.ipv4.tcp_sack=0 net.ipv4.tcp_dsack=0 # default is 1",
            "net.ipv4.tcp_sack = 0 # back to default",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn what_a_template_falls_back_to_is_no_claim() {
        for line in [
            "net.core.somaxconn = {{ somaxconn | default(128) }}",
            "net.core.somaxconn: {{ .Values.somaxconn | default 128 | quote }}",
            "net.core.somaxconn = <%= @somaxconn || default 128 %>",
            "net.core.somaxconn=${SOMAXCONN_default 128}",
            "net.core.somaxconn = {{ somaxconn | default(128)",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
        let claim = "net.core.somaxconn = {{ n | default(4096) }} # default is 128";
        assert_eq!(of(claim).as_deref(), Some("128"));
        assert_eq!(stated_above("# {{ x | default(128) }}"), None);
    }

    #[test]
    fn places_beyond_the_line_are_no_place() {
        assert_eq!(stated("", 1), None);
        assert_eq!(stated("默认", 0), None);
        assert_eq!(stated("net.x = 1 默认", 99), None);
        assert_eq!(
            stated(&format!("net.x = 1 {}默认为0", "默".repeat(900)), 1),
            None
        );
    }
}
