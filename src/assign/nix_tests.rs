//! Nix in the ways people write it.

use proptest::prelude::{any, prop, proptest};

use super::nix::find;
use super::shown::shown;

#[test]
fn attributes_are_quoted_dotted_and_nested() {
    let text = "\
{ config, lib, pkgs, ... }:
let bufs = 16 * 1024; in
{
  boot.kernel.sysctl = {
    \"net.core.somaxconn\" = 1024; # more
    \"net.ipv4.tcp_rmem\" = \"4096\t1   2\";
    net.ipv4.tcp_sack = 1;
    \"net.ipv4.conf.${iface}.rp_filter\" = 2;
    \"net.core.rmem_max\" = bufs * 4;
    \"net.ipv4.tcp_ecn\" = lib.mkDefault 1;
    \"net.ipv4.tcp_fack\" = lib.mkOverride 90 \"0\";
    \"net.ipv4.tcp_mem\" = [ 1 2 3 ];
    \"net.ipv4.tcp_dsack\" = null;
    \"net.core.wmem_max\" =
      8_192;
    \"vm.swappiness\" = 1;
  } // lib.optionalAttrs x { \"net.ipv4.tcp_tw_recycle\" = 1; };
  boot.kernel.sysctl.\"net.ipv4.ip_forward\" = lib.mkForce (toString 1);
  boot = { kernel = { sysctl = lib.mkMerge [ { \"net.core.x\" = 1; } (lib.mkIf y { \"net.core.y\" = 2; }) ]; }; };
  networking.net.name = 1;
}
";
    assert_eq!(
        shown(&find(text)),
        [
            "5:6 net.core.somaxconn=1024 | # more",
            "6:6 net.ipv4.tcp_rmem=4096 1 2",
            "7:5 net.ipv4.tcp_sack=1",
            "8:6 net.ipv4.conf.${iface}.rp_filter=2 dynamic",
            "9:6 net.core.rmem_max=bufs * 4 dynamic",
            "10:6 net.ipv4.tcp_ecn=1",
            "11:6 net.ipv4.tcp_fack=0",
            "12:6 net.ipv4.tcp_mem=1 2 3",
            "14:6 net.core.wmem_max=8192 @15",
            "17:31 net.ipv4.tcp_tw_recycle=1",
            "18:23 net.ipv4.ip_forward=1",
            "19:49 net.core.x=1",
            "19:83 net.core.y=2",
        ]
    );
}

#[test]
fn commented_statements_are_found_and_prose_is_not() {
    let text = "\
{ boot.kernel.sysctl = {
  #\"net.ipv4.tcp_sack\" = 0;
  # net.ipv4.tcp_rmem = 4096  1 2 # old
  # boot.kernel.sysctl.\"net.core.somaxconn\" = 1;
  # we once had \"net.ipv4.tcp_ecn\" = 1;
  # net.ipv4.tcp_fack is gone
  /* \"net.ipv4.tcp_dsack\" = 0;
     net.ipv4.tcp_low_latency=1
  */
}; }
";
    assert_eq!(
        shown(&find(text)),
        [
            "2:5 net.ipv4.tcp_sack=0 commented",
            "3:5 net.ipv4.tcp_rmem=4096 1 2 commented | # old",
            "4:25 net.core.somaxconn=1 commented",
            "7:7 net.ipv4.tcp_dsack=0 commented",
            "8:6 net.ipv4.tcp_low_latency=1 commented",
        ]
    );
}

#[test]
fn strings_hold_files_scripts_and_options() {
    let text = "\
{
  environment.etc.\"sysctl.d/9.conf\".text = ''
    net.core.somaxconn = 1
  '';
  systemd.services.x.script = ''
    ${pkgs.procps}/bin/sysctl -w net.ipv4.tcp_sack=1
  '';
  virtualisation.oci-containers.containers.x.extraOptions = [
    \"--sysctl=net.ipv4.tcp_ecn=1\" \"--sysctl\" \"net.ipv4.tcp_fack=1\"
  ];
  options.x.description = \"sets net.ipv4.tcp_dsack=1\";
}
";
    assert_eq!(
        shown(&find(text)),
        [
            "3:5 net.core.somaxconn=1",
            "6:34 net.ipv4.tcp_sack=1",
            "9:15 net.ipv4.tcp_ecn=1",
            "9:47 net.ipv4.tcp_fack=1",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_is_a_reason_to_panic(text in any::<String>(), picks in prop::collection::vec(0..24_usize, 0..60)) {
        let pieces = [
            "boot.kernel.sysctl", "\"net.ipv4.tcp_sack\"", " = ", ";", "{", "}", "[", "]", "''", "\"", "#", "\n",
            "/*", "*/", "${", ".", "net", "1", "lib.mkForce ", "é", "\\", "(", ")", "//",
        ];
        let _ = find(&text);
        let text: String = picks.iter().filter_map(|pick| pieces.get(*pick)).copied().collect();
        let _ = find(&text);
    }
}
