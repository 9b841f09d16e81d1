//! Hiera and Salt, texts within YAML, and texts that are hardly YAML.

use proptest::prelude::{any, prop, proptest};

use crate::assign::shown::shown;

fn found(text: &str) -> Vec<String> {
    shown(&super::find(text))
}

#[test]
fn rules_cases_and_profiles_of_this_program_set_nothing() {
    for text in [
        "id: sack-off\nwhen: sysctl.net.ipv4.tcp_sack == false\nmessage: it is off\nset:\n  net.ipv4.tcp_sack: true\n",
        "rule: sack-off\ncases:\n  - { place: a, key: net.ipv4.tcp_sack, value: 0 }\n",
        "profile: edge\nwant:\n  net.core.somaxconn: { at_least: 8192 }\n",
    ] {
        assert_eq!(crate::assign::find("own.yaml", text), [], "{text}");
    }
    assert_eq!(
        crate::assign::find("own.yaml", "rule: x\nset:\n  net.ipv4.tcp_sack: 0\n").len(),
        1
    );
}

#[test]
fn hiera_nests_the_value_below_the_key() {
    let text = "\
sysctl::base::values:
  net.ipv4.tcp_tw_recycle:
    ensure: present
    value: '1'
  net.ipv4.tcp_rmem: { value: \"4096 1 2\" }
  net.core.somaxconn: { at_least: 8192 }
  net.ipv4.tcp_fack:
    ensure: absent
    value: 1
  #net.ipv4.tcp_dsack:
  #  value: 0
";
    assert_eq!(
        found(text),
        [
            "2:3 net.ipv4.tcp_tw_recycle=1 @4",
            "5:3 net.ipv4.tcp_rmem=4096 1 2",
            "6:3 net.core.somaxconn=8192",
            "10:4 net.ipv4.tcp_dsack=0 @11 commented",
        ]
    );
}

#[test]
fn salt_names_the_key_as_id_or_below_its_state() {
    let text = "\
net.core.somaxconn:
  sysctl.present:
    - value: 1024
    - config: /etc/sysctl.d/x.conf

recycle:
  sysctl.present:
    - name: net.ipv4.tcp_tw_recycle
    - value: {{ pillar.get('recycle', 0) }}

{% for key in keys %}
net.ipv4.{{ key }}:
  sysctl:
    - present
    - value: 1
{% endfor %}

sysctl:
  net:
    ipv4:
      tcp_sack: 1
";
    assert_eq!(
        found(text),
        [
            "1:1 net.core.somaxconn=1024 @3",
            "8:13 net.ipv4.tcp_tw_recycle={{ pillar.get('recycle', 0) }} @9 dynamic",
            "12:1 net.ipv4.{{ key }}=1 @15 dynamic",
            "21:7 net.ipv4.tcp_sack=1",
        ]
    );
}

#[test]
fn yaml_within_yaml_keeps_its_places() {
    let text = "\
data:
  values.yaml: |
    pods:
      sysctls:
        - name: net.core.somaxconn
          value: \"9\"
";
    assert_eq!(found(text), ["5:17 net.core.somaxconn=9 @6"]);
}

#[test]
fn broken_quotes_and_brackets_cost_no_more_than_their_lines() {
    let text = "\
a: 'it's
b: [1, 2
c: {x: \"y
net.ipv4.tcp_sack: 1
d: \"\\
net.ipv4.tcp_ecn: 1
\t- e
 net.ipv4.tcp_dsack: 0
";
    let found = found(text);
    assert!(
        found.contains(&"4:1 net.ipv4.tcp_sack=1".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"6:1 net.ipv4.tcp_ecn=1".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"8:2 net.ipv4.tcp_dsack=0".to_owned()),
        "{found:?}"
    );
}

#[test]
fn deep_nesting_is_survived() {
    for open in ["[", "{a: ", "- ", "{\"net.core.x\":["] {
        let text = format!("net.core.somaxconn: {}", open.repeat(20_000));
        let _ = super::find(&text);
    }
    let stairs: Vec<String> = (0..400)
        .map(|at| format!("{}net.a{at}:\n", " ".repeat(at)))
        .collect();
    let stairs = stairs.concat();
    let _ = super::find(&stairs);
}

/// Pieces that real files are made of, and what breaks them.
fn piece() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::strategy::Strategy as _;
    let fragments = [
        "net.ipv4.tcp_sack",
        "net/core/x",
        ": ",
        ":",
        "=",
        " ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "#",
        "# ",
        "{",
        "}",
        "[",
        "]",
        "{{ x }}",
        "{{",
        "{%",
        "%}",
        "\"",
        "'",
        "''",
        "\\",
        "\\\"",
        ",",
        "|\n",
        ">-\n",
        "value: 1",
        "name: ",
        "sysctl: ",
        "sysctl.present:",
        "1 2 3",
        "é",
        "\t",
        "---\n",
        "net:",
        "\r\n",
        "sysctls:\n",
        "//",
        "\u{feff}",
        "with_items:\n",
        "ensure: absent",
        "${",
        "netCoreSomaxconn",
    ];
    prop::sample::select(fragments.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_text_is_a_reason_to_panic(text in any::<String>(), pieces in prop::collection::vec(piece(), 0..60)) {
        let _ = super::find(&text);
        let text = pieces.concat();
        let lines = text.lines().count();
        for one in super::find(&text) {
            assert!(one.line >= 1 && one.line <= lines && one.column >= 1, "{text:?} {one:?}");
            assert!(one.value_line >= 1 && one.value_line <= lines.max(1), "{text:?} {one:?}");
        }
    }
}
