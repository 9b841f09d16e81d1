//! Containers and clusters: compose, pods, Helm, CNI, Talos, AKS, kops, JSON of ECS.

use crate::assign::shown::shown;

fn found(text: &str) -> Vec<String> {
    shown(&super::find(text))
}

#[test]
fn compose_takes_lists_and_maps() {
    let text = "\
services:
  a:
    sysctls:  # of the namespace
      - net.ipv4.ip_forward=1
      - \"net.core.somaxconn = 1024\"   # more
      # - net.ipv4.tcp_sack=0
      - net.ipv4.tcp_rmem=${RMEM}
  b:
    sysctls:
      net.core.somaxconn: 2048
      net.ipv4.tcp_syncookies: \"0\"
  c:
    sysctls: {net.ipv4.tcp_ecn: 1}
    command: [sysctl, -w, net.ipv4.tcp_sack=1]
";
    assert_eq!(
        found(text),
        [
            "4:9 net.ipv4.ip_forward=1",
            "5:10 net.core.somaxconn=1024 | # more",
            "6:11 net.ipv4.tcp_sack=0 commented",
            "7:9 net.ipv4.tcp_rmem=${RMEM} dynamic",
            "10:7 net.core.somaxconn=2048",
            "11:7 net.ipv4.tcp_syncookies=0",
            "13:15 net.ipv4.tcp_ecn=1",
            "14:27 net.ipv4.tcp_sack=1",
        ]
    );
}

#[test]
fn pods_and_charts_name_key_and_value() {
    let text = "\
metadata:
  annotations:
    security.alpha.kubernetes.io/unsafe-sysctls: net.core.somaxconn=65535,net.ipv4.tcp_ecn=1
spec:
  securityContext:
    sysctls:
    - value: \"0   65535\"
      name: net.ipv4.ip_local_port_range
    {{- if .Values.keepalive }}
    - name: net.ipv4.tcp_keepalive_time
      value: {{ .Values.keepalive | quote }}
    {{- end }}
{{ toYaml .Values.more | indent 4 }}
";
    assert_eq!(
        found(text),
        [
            "3:50 net.core.somaxconn=65535",
            "3:75 net.ipv4.tcp_ecn=1",
            "8:13 net.ipv4.ip_local_port_range=0 65535 @7",
            "10:13 net.ipv4.tcp_keepalive_time={{ .Values.keepalive | quote }} @11 dynamic",
        ]
    );
}

#[test]
fn allowlists_set_nothing() {
    let text = "\
kubeletConfiguration:
  allowedUnsafeSysctls:
  - net.core.somaxconn
  - \"net.ipv4.*\"
kubeletExtraArgs:
  allowed-unsafe-sysctls: \"net.core.somaxconn,net.ipv4.tcp_ecn\"
data:
  allowlist.conf: |-
    ^net.ipv4.tcp_keepalive_time$
    ^net.ipv4.conf.IFNAME.arp_accept$
kernel-param:
  net.ipv4.ip_forward:
    value: '1'
";
    assert_eq!(found(text), Vec::<String>::new());
}

#[test]
fn json_within_yaml_is_read_in_every_quoting() {
    let text = "\
spec:
  config: '{
    \"plugins\": [{\"type\": \"tuning\",
      \"sysctl\": {
        \"net.core.somaxconn\": \"512\",
        \"net.ipv4.tcp_syncookies\": \"1\"
}}]
}'
  other: |
    {
      \"sysctl\": { \"net.ipv4.conf.IFNAME.arp_filter\": \"1\" }
    }
  third: \"{\\\"sysctl\\\": {\\\"net.ipv4.tcp_ecn\\\": \\\"2\\\"}}\"
";
    assert_eq!(
        found(text),
        [
            "5:10 net.core.somaxconn=512",
            "6:10 net.ipv4.tcp_syncookies=1",
            "11:20 net.ipv4.conf.IFNAME.arp_filter=1",
            "13:27 net.ipv4.tcp_ecn=2",
        ]
    );
}

#[test]
fn node_configurations_have_maps_lists_and_camel_case() {
    let text = "\
machine:
  sysctls:
    net.core.somaxconn: \"65535\"
sysctlParameters:
- net.ipv4.tcp_keepalive_intvl=60
linuxOSConfig:
  sysctls:
    netCoreSomaxconn: 163849
    netIpv4TcpTwReuse: true
    vmSwappiness: 10
other:
  netCoreSomaxconn: 1
";
    assert_eq!(
        found(text),
        [
            "3:5 net.core.somaxconn=65535",
            "5:3 net.ipv4.tcp_keepalive_intvl=60",
            "8:5 net.core.somaxconn=163849",
            "9:5 net.ipv4.tcp_tw_reuse=true",
        ]
    );
}

#[test]
fn json_files_are_read_however_they_are_laid_out() {
    let text = "{\"linuxOsConfig\":{\"sysctls\":{\"netIpv4TcpTwReuse\":true}},
\"systemControls\":[{\"namespace\":\"net.core.somaxconn\",\"value\":\"1024\"},
 {\"value\": \"1\", \"namespace\":
   \"net.ipv4.tcp_ecn\"}],
\"sysctl\": {\"params\": {\"net\": {\"ipv4\": {\"tcp_tw_recycle\": 1, \"tcp_rmem\": [1, 2]}}}},
\"allow\": [\"net.core.somaxconn\", \"net.ipv4.tcp_ecn\"]}
";
    assert_eq!(
        found(text),
        [
            "1:31 net.ipv4.tcp_tw_reuse=true",
            "2:33 net.core.somaxconn=1024",
            "4:5 net.ipv4.tcp_ecn=1 @3",
            "5:41 net.ipv4.tcp_tw_recycle=1",
            "5:62 net.ipv4.tcp_rmem=1 2",
        ]
    );
}
