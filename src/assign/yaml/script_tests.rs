//! Scripts and sysctl.conf texts within YAML: cloud-init, playbooks, pods.

use crate::assign::shown::shown;

fn found(text: &str) -> Vec<String> {
    shown(&super::find(text))
}

#[test]
fn cloud_init_runs_commands_and_writes_files() {
    let text = "\
#cloud-config
write_files:
- path: /etc/sysctl.d/90-net.conf
  content: |
    # tuned
    net.core.somaxconn = 4096
    net.ipv4.tcp_rmem = 4096 1 2
- content: \"net.ipv4.tcp_ecn=1\\nnet.ipv4.tcp_sack=1\\n\"
  path: /etc/sysctl.d/91.conf
- path: /usr/local/bin/tune
  content: |
      #!/bin/sh
      sysctl -w net.ipv4.tcp_dsack=0
bootcmd:
  - [ sysctl, -w, net.ipv4.tcp_fack=1 ]
  - \"echo \\\"net.ipv4.tcp_rfc1337=1\\\" >> /etc/sysctl.conf\"
runcmd:
  - sysctl -w net.ipv4.tcp_tw_recycle=1
  - echo 1 > /proc/sys/net/ipv4/tcp_syncookies
  - sysctl net.ipv4.tcp_tw_reuse
  # - sysctl -w net.ipv4.tcp_timestamps=0
  - |
    cat > /etc/sysctl.d/92.conf <<EOF
    net.core.rmem_max = 1
    EOF
";
    assert_eq!(
        found(text),
        [
            "6:5 net.core.somaxconn=4096",
            "7:5 net.ipv4.tcp_rmem=4096 1 2",
            "8:13 net.ipv4.tcp_ecn=1",
            "8:33 net.ipv4.tcp_sack=1",
            "13:17 net.ipv4.tcp_dsack=0",
            "15:19 net.ipv4.tcp_fack=1",
            "16:13 net.ipv4.tcp_rfc1337=1",
            "18:15 net.ipv4.tcp_tw_recycle=1",
            "19:14 net.ipv4.tcp_syncookies=1",
            "21:17 net.ipv4.tcp_timestamps=0 commented",
            "24:5 net.core.rmem_max=1",
        ]
    );
}

#[test]
fn playbooks_write_lines_blocks_and_files() {
    let text = "\
- lineinfile: {path: /etc/sysctl.conf, regexp: '^net.ipv4.ip_forward', line: 'net.ipv4.ip_forward = 1'}
- ansible.builtin.lineinfile:
    dest: /etc/sysctl.conf
    line: net.ipv4.tcp_rmem=\"4096 1 2\"
- blockinfile:
    path: /etc/sysctl.conf
    block: |
      net.ipv4.tcp_sack = 1
      net.ipv4.tcp_ecn = {{ ecn }}
- copy:
    dest: /etc/sysctl.d/1.conf
    content: net.core.somaxconn = 1
- shell: sysctl -w net.ipv4.tcp_fack={{ fack }}
- command: >
    sysctl -w
    net.ipv4.tcp_dsack=0
- lineinfile: dest=/etc/sysctl.conf line=\"net.core.wmem_max = 1\" regexp=\"^net.core.wmem_max\"
- shell: sed -i '/net.ipv4.tcp_tw_recycle/d' /etc/sysctl.conf
- command: sysctl -n net.ipv4.ip_forward
";
    assert_eq!(
        found(text),
        [
            "1:79 net.ipv4.ip_forward=1",
            "4:11 net.ipv4.tcp_rmem=\"4096 1 2\" quotes",
            "8:7 net.ipv4.tcp_sack=1",
            "9:7 net.ipv4.tcp_ecn={{ ecn }} dynamic",
            "12:14 net.core.somaxconn=1",
            "13:20 net.ipv4.tcp_fack={{ fack }} dynamic",
            "16:5 net.ipv4.tcp_dsack=0",
            "17:43 net.core.wmem_max=1",
        ]
    );
}

#[test]
fn pods_and_jobs_run_scripts() {
    let text = "\
initContainers:
- command: [\"sh\", \"-c\", \"sysctl -w net.core.somaxconn=1024; echo 1 > /proc/sys/net/ipv4/tcp_ecn\"]
- args:
  - --privileged
  - sysctl -w net.ipv4.tcp_sack=1 &&
    sysctl -w net.ipv4.tcp_dsack=1
steps:
- run: |
    sudo sysctl -w net.ipv4.tcp_fack=1
  options: --sysctl net.ipv6.conf.all.disable_ipv6=0
data:
  tuned.conf: |
    [sysctl]
    net.core.rmem_max=9
";
    assert_eq!(
        found(text),
        [
            "2:36 net.core.somaxconn=1024",
            "2:70 net.ipv4.tcp_ecn=1",
            "5:15 net.ipv4.tcp_sack=1",
            "6:15 net.ipv4.tcp_dsack=1",
            "9:20 net.ipv4.tcp_fack=1",
            "10:21 net.ipv6.conf.all.disable_ipv6=0",
            "14:5 net.core.rmem_max=9",
        ]
    );
}
