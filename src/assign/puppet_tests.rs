//! Puppet in the ways manifests write it.

use proptest::prelude::{any, prop, proptest};

use super::puppet::find;
use super::shown::shown;

#[test]
fn resources_name_the_key_in_title_or_attribute() {
    let text = "\
class x ($v = 1) {
  sysctl { 'net.ipv4.tcp_tw_recycle': value => '1' } # fast
  sysctl::value { \"net.ipv4.conf.${if}.rp_filter\":
    ensure => present,
    value  => $v,
  }
  sysctl { ['net.ipv4.tcp_sack', 'net.ipv4.tcp_dsack']:
    value => 0;
  'net.ipv4.tcp_fack':
    value => 1
  }
  sysctl { 'backlog':
    key   => 'net.core.somaxconn',
    value => 1024,
  }
  sysctl { 'net.ipv4.tcp_ecn': ensure => absent, value => 1 }
  ['net.ipv6.conf.all.disable_ipv6', 'net.ipv6.conf.lo.disable_ipv6'].each |String $key| {
    sysctl { $key: value => 1 }
  }
  Sysctl { provider => parsed }
}
";
    assert_eq!(
        shown(&find(text)),
        [
            "2:13 net.ipv4.tcp_tw_recycle=1 | # fast",
            "3:20 net.ipv4.conf.${if}.rp_filter=$v @5 dynamic",
            "7:14 net.ipv4.tcp_sack=0 @8",
            "7:35 net.ipv4.tcp_dsack=0 @8",
            "9:4 net.ipv4.tcp_fack=1 @10",
            "13:15 net.core.somaxconn=1024 @14",
            "17:5 net.ipv6.conf.all.disable_ipv6=1 @18",
            "17:39 net.ipv6.conf.lo.disable_ipv6=1 @18",
        ]
    );
}

#[test]
fn hashes_hold_values_or_attributes() {
    let text = "\
class { 'sysctl::base':
  values => {
    'net.core.somaxconn' => 1024,
    'net.ipv4.tcp_rmem'  => { 'value' => '4096 1  2' },
    'net.ipv4.tcp_ecn'   => { ensure => absent, value => 1 },
    'net.ipv4.tcp_sack'  => { ensure => present, value => $x ? { true => 1, default => 0 } },
  },
}
create_resources('sysctl', { 'net.ipv4.tcp_fack' => { value => 1 } })
# 'net.ipv4.tcp_dsack' => 0,
# sysctl { 'net.core.rmem_max': value => 1 }
";
    assert_eq!(
        shown(&find(text)),
        [
            "3:6 net.core.somaxconn=1024",
            "4:6 net.ipv4.tcp_rmem=4096 1 2",
            "6:6 net.ipv4.tcp_sack=$x ? { true => 1, default => 0 } dynamic",
            "9:31 net.ipv4.tcp_fack=1",
            "10:4 net.ipv4.tcp_dsack=0 commented",
            "11:13 net.core.rmem_max=1 commented",
        ]
    );
}

#[test]
fn strings_hold_lines_commands_and_changes() {
    let text = "\
exec { 'tune':
  command => '/sbin/sysctl -w net.ipv4.tcp_sack=1',
  unless  => 'sysctl net.ipv4.tcp_sack | grep net.ipv4.tcp_sack=1',
}
file_line { 'x': path => '/etc/sysctl.conf', line => 'net.core.somaxconn = 1', match => '^net.core.somaxconn=' }
file { '/etc/sysctl.d/1.conf': content => \"net.ipv4.tcp_ecn = 1\\nnet.ipv4.tcp_fack = 0\\n\" }
augeas { 'x':
  context => '/files/etc/sysctl.conf',
  changes => [ \"set net.ipv4.tcp_dsack 1\", \"set net.ipv4.tcp_rmem '4096 1 2'\" ],
}
notify { 'net.ipv4.ip_forward=1 is set': }
";
    assert_eq!(
        shown(&find(text)),
        [
            "2:31 net.ipv4.tcp_sack=1",
            "5:55 net.core.somaxconn=1",
            "6:44 net.ipv4.tcp_ecn=1",
            "6:66 net.ipv4.tcp_fack=0",
            "9:21 net.ipv4.tcp_dsack=1",
            "9:49 net.ipv4.tcp_rmem=4096 1 2",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_is_a_reason_to_panic(text in any::<String>(), picks in prop::collection::vec(0..26_usize, 0..60)) {
        let pieces = [
            "sysctl ", "sysctl::value ", "{ ", "}", "'net.ipv4.tcp_sack'", ":", " value => ", "1", ",", ";", "[", "]",
            "$k", "|", ".each ", "\n", "#", "\"", "'", "${", "@(EOT)", "EOT", "é", "\\", " => ", "ensure => absent",
        ];
        let _ = find(&text);
        let text: String = picks.iter().filter_map(|pick| pieces.get(*pick)).copied().collect();
        let _ = find(&text);
    }
}
