//! What holds for any text.

use proptest::prelude::*;

use super::{conf, found, lines};
use crate::assign::FileKind;

/// Pieces that readers stumble over, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "net.core.somaxconn",
        "net/ipv4/",
        "/proc/sys/net/ipv4/tcp_sack",
        "net.",
        "=",
        " = ",
        "1",
        "4096 1 2",
        "\n",
        "\n",
        "\"",
        "'",
        "`",
        "$(",
        ")",
        "(",
        "${",
        "}",
        "{",
        "$X",
        "$'",
        "\\",
        "\\n",
        "\\\n",
        "<<EOF",
        "EOF\n",
        "<<-'E'",
        " > ",
        ">>",
        " | ",
        "tee ",
        "echo ",
        "printf '%s' ",
        "sysctl -w ",
        "for k in ",
        "; do ",
        "done",
        "sed -i 's/",
        "/",
        "#",
        "# ",
        "{{",
        "}}",
        "<%",
        "%>",
        "{%",
        "```",
        "```bash\n",
        "| ",
        "|---|",
        "<pre>",
        "<!--",
        "-->",
        "&gt;",
        "<td>",
        "<",
        "ExecStart=",
        "[Service]\n",
        "A=(",
        "[",
        "]",
        "é",
        "\u{a0}",
        "%",
        "%s",
        "RUN ",
        "sh -c ",
        "cd ",
        "\t",
        "\r\n",
        "\0",
        "~~~",
        "<script>",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

const KINDS: [FileKind; 6] = [
    FileKind::Shell,
    FileKind::Docker,
    FileKind::Unit,
    FileKind::Markdown,
    FileKind::Html,
    FileKind::Text,
];

fn holds(text: &str) -> Result<(), TestCaseError> {
    let lines_of = text.split('\n').count();
    let mut all = conf::find(text);
    for kind in KINDS {
        all.extend(lines::find(kind, text));
    }
    for one in all {
        prop_assert!(one.line >= 1 && one.line <= lines_of, "{one:?}");
        prop_assert!(one.value_line >= 1 && one.value_line <= lines_of, "{one:?}");
        let line = text.split('\n').nth(one.line - 1).unwrap_or_default();
        prop_assert!(
            one.column >= 1 && one.column <= line.chars().count() + 1,
            "{one:?}"
        );
        prop_assert!(found::may_name_a_key(text), "{one:?}");
        prop_assert!(one.key.starts_with("net."), "{one:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_and_every_place_is_in_it(text in ".{0,400}") {
        holds(&text)?;
    }

    #[test]
    fn any_pieces_are_read_and_every_place_is_in_them(text in pieces()) {
        holds(&text)?;
    }
}
