//! Ansible: tasks, loops, variables.

use crate::assign::shown::shown;

fn found(text: &str) -> Vec<String> {
    shown(&super::find(text))
}

#[test]
fn a_task_names_key_and_value_in_two_fields() {
    let text = "\
---
- name: Set net.core.somaxconn = 99
  ansible.posix.sysctl:
    value: '4096'   # was 128
    name: net.core.somaxconn
    state: present
- sysctl: {name: net/ipv4/tcp_rmem, value: \"4096 87380\t6291456\", reload: yes}
- name: gone
  sysctl:
    name: net.ipv4.tcp_tw_recycle
    value: 1
    state: absent
";
    assert_eq!(
        found(text),
        [
            "5:11 net.core.somaxconn=4096 @4 | # was 128",
            "7:18 net.ipv4.tcp_rmem=4096 87380 6291456",
        ]
    );
}

#[test]
fn the_module_writes_0_and_1_for_words_that_are_switches() {
    let text = "\
- ansible.posix.sysctl: {name: net.ipv4.tcp_syncookies, value: off}
- sysctl:
    name: net.ipv4.tcp_sack
    value: \"No\"
- sysctl: name=net.ipv4.tcp_dsack value=false
- sysctl: {name: net.ipv4.ip_forward, value: true}
- sysctl:
    name: \"{{ item.name }}\"
    value: \"{{ item.value }}\"
  loop:
    - {name: net.ipv4.tcp_timestamps, value: yes}
- sysctl: {name: net.ipv4.tcp_congestion_control, value: bbr}
";
    assert_eq!(
        found(text),
        [
            "1:32 net.ipv4.tcp_syncookies=0",
            "3:11 net.ipv4.tcp_sack=0 @4",
            "5:16 net.ipv4.tcp_dsack=0",
            "6:18 net.ipv4.ip_forward=1",
            "11:14 net.ipv4.tcp_timestamps=1",
            "12:18 net.ipv4.tcp_congestion_control=bbr",
        ]
    );
    // Elsewhere a word is what it is.
    let others = "sysctls:\n  net.ipv4.tcp_sack: off\n";
    assert_eq!(found(others), ["2:3 net.ipv4.tcp_sack=off"]);
}

#[test]
fn the_one_line_form_is_read_word_by_word() {
    let text = "\
- name: net.core.somaxconn
  sysctl: name=net.core.somaxconn value=\"1024\" state=present
- action: sysctl name='net.ipv4.tcp_wmem' value='4096 1 2' reload=yes # big
- sysctl: name=net.ipv4.ip_forward
          value=1
          sysctl_set=yes
- sysctl: >
    key=net.ipv4.tcp_sack
    val={{ sack | default(1) }}
- sysctl: name=net.ipv4.tcp_ecn value=1 state=absent
";
    assert_eq!(
        found(text),
        [
            "2:16 net.core.somaxconn=1024",
            "3:24 net.ipv4.tcp_wmem=4096 1 2 | # big",
            "4:16 net.ipv4.ip_forward=1 @5",
            "8:9 net.ipv4.tcp_sack={{ sack | default(1) }} @9 dynamic",
        ]
    );
}

#[test]
fn items_of_loops_are_assignments() {
    let text = "\
- sysctl: name={{ item.key }} value={{ item.value }}
  with_items:
    - { key: net.ipv4.tcp_tw_reuse, value: 1 }
    - key: net.ipv4.tcp_rme
      value: 1 2 3
    # - { key: net.ipv4.tcp_sack, value: 0 }
- sysctl: {name: '{{ item[0] }}', value: '{{ item[1] }}'}
  loop:
    - [net.core.rmem_max, 8388608]
- sysctl:
    name: '{{ item.k }}'
    value: '{{ item.v }}'
  with_dict:
    net.core.wmem_max: 1048576
    vm.swappiness: 1
";
    assert_eq!(
        found(text),
        [
            "3:14 net.ipv4.tcp_tw_reuse=1",
            "4:12 net.ipv4.tcp_rme=1 2 3 @5",
            "6:16 net.ipv4.tcp_sack=0 commented",
            "9:8 net.core.rmem_max=8388608",
            "14:5 net.core.wmem_max=1048576",
        ]
    );
}

#[test]
fn a_loop_over_keys_has_its_value_in_the_task() {
    let text = "\
- sysctl: name={{ item }} value=1 state=present
  with_items: [net.ipv6.conf.all.disable_ipv6, 'net.ipv6.conf.lo.disable_ipv6']
- loop:
    - net.ipv4.conf.all.rp_filter
  sysctl:
    name: \"{{ item }}\"
    value: 2
- debug: msg={{ item }}
  with_items:
    - net.ipv4.ip_forward
";
    assert_eq!(
        found(text),
        [
            "2:16 net.ipv6.conf.all.disable_ipv6=1 @1",
            "2:49 net.ipv6.conf.lo.disable_ipv6=1 @1",
            "4:7 net.ipv4.conf.all.rp_filter=2 @7",
        ]
    );
}

#[test]
fn variables_hold_maps_and_lists() {
    let text = "\
é: &x
  net.ipv4.tcp_fin_timeout: 30  # ü
  \"net.ipv4.tcp_keepalive_time\": \"600\"
  net.ipv4.ip_local_port_range: '{{ low }} 65000'
  net.ipv4.tcp_mem: [1, 2, 3]
  net.ipv4.tcp_sack:
sysctl_params:
  - param: net.core.optmem_max
    val: 20480
  - {option: net.ipv4.tcp_dsack, setting: 0}
  - name: net.ipv4.tcp_rmem
    value: '\"4096 1 2\"'
  - net.ipv4.tcp_ecn: 2
mongod:
  net.port: 27017
";
    assert_eq!(
        found(text),
        [
            "2:3 net.ipv4.tcp_fin_timeout=30 | # ü",
            "3:4 net.ipv4.tcp_keepalive_time=600",
            "4:3 net.ipv4.ip_local_port_range={{ low }} 65000 dynamic",
            "5:3 net.ipv4.tcp_mem=1 2 3",
            "8:12 net.core.optmem_max=20480 @9",
            "10:14 net.ipv4.tcp_dsack=0",
            "11:11 net.ipv4.tcp_rmem=\"4096 1 2\" @12 quotes",
            "13:5 net.ipv4.tcp_ecn=2",
        ]
    );
}

#[test]
fn titles_messages_conditions_and_patterns_set_nothing() {
    let text = "\
- name: net.ipv4.tcp_tw_reuse=1
  debug: {msg: 'net.ipv4.tcp_tw_reuse=1'}
  when: net.ipv4.tcp_tw_reuse = 1
- assert:
    that: net.ipv4.ip_forward=1
    fail_msg: \"net.ipv4.ip_forward=1 is missing\"
- lineinfile:
    path: /etc/sysctl.conf
    regexp: net.ipv4.ip_forward=0
    state: absent
    line: net.ipv4.ip_forward=1
- name: net.ipv4.ip_forward
  sysctl: '{{ all }}'
";
    assert_eq!(found(text), Vec::<String>::new());
}

#[test]
fn a_key_may_hold_a_template() {
    let text = "\
- sysctl:
    name: net.ipv6.conf.{{ item }}.accept_ra
    value: 0
{% for i in all %}
- sysctl: name=\"net.ipv4.conf.{{ i }}.rp_filter\" value=1
{% endfor %}
";
    assert_eq!(
        found(text),
        [
            "2:11 net.ipv6.conf.{{ item }}.accept_ra=0 @3 dynamic",
            "5:17 net.ipv4.conf.{{ i }}.rp_filter=1 dynamic",
        ]
    );
}

#[test]
fn commented_entries_are_found_and_prose_is_not() {
    let text = "\
sysctl:
  # tcp: the next lines are off since net.ipv4.tcp_sack=0 broke us
  #net.ipv4.tcp_window_scaling: 0
  ## net.ipv4.tcp_fack = 1
  # - name: net.core.rmem_max
  #   value: 4096
  # see net.ipv4.tcp_rmem: min default max
  # net.ipv4.tcp_wmem: the three sizes of a buffer
  net.core.somaxconn: 1
";
    assert_eq!(
        found(text),
        [
            "3:4 net.ipv4.tcp_window_scaling=0 commented",
            "4:6 net.ipv4.tcp_fack=1 commented",
            "5:13 net.core.rmem_max=4096 @6 commented",
            "9:3 net.core.somaxconn=1",
        ]
    );
}

#[test]
fn a_loop_may_name_a_list_of_the_file() {
    let text = "- vars:\n    keys_off:\n      - net.ipv4.tcp_sack\n      - net.ipv4.tcp_dsack\n  tasks:\n    - sysctl: name={{ item }} value=0\n      loop: \"{{ keys_off | unique }}\"\n    - sysctl: { name: \"{{ item }}\", value: 1 }\n      loop: \"{{ elsewhere }}\"\n";
    assert_eq!(
        shown(&super::find(text)),
        ["3:9 net.ipv4.tcp_sack=0 @6", "4:9 net.ipv4.tcp_dsack=0 @6"]
    );
}

#[test]
fn a_loop_that_takes_keys_away_sets_none() {
    for task in [
        "- sysctl:\n    name: \"{{ item.name }}\"\n    value: \"{{ item.value }}\"\n    state: absent\n",
        "- sysctl: name={{ item.name }} state=absent\n",
    ] {
        let text =
            format!("{task}  with_items:\n    - {{ name: net.ipv4.tcp_tw_recycle, value: 0 }}\n");
        assert_eq!(shown(&super::find(&text)), [""; 0], "{text}");
    }
}

#[test]
fn nothing_is_no_value() {
    for text in [
        "{\"sysctls\": [{\"name\": \"net.core.somaxconn\", \"value\": null}]}",
        "sysctls:\n  net.core.somaxconn: ~\n  net.ipv4.tcp_sack: null\n",
    ] {
        assert_eq!(shown(&super::find(text)), [""; 0], "{text}");
    }
}
