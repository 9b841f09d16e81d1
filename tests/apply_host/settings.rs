//! Settings of a namespace, written and read back.

use std::fs;
use std::thread;

use rustix::process::Uid;
use rustix::thread::UnshareFlags;
use tcptune::apply::Sysctls as _;
use tcptune::fact::Reading;
use tcptune::host::LiveSysctls;

use crate::room::{inside, run};

fn known(text: &str) -> Reading<String> {
    Reading::Known(text.to_owned())
}

fn refused(errno: &str) -> Result<(), String> {
    Err(errno.to_owned())
}

#[test]
fn a_value_is_written_in_the_namespace_of_the_calling_thread() {
    if !inside("settings::a_value_is_written_in_the_namespace_of_the_calling_thread") {
        return;
    }
    let key = "net.ipv4.tcp_fin_timeout";
    let mut here = LiveSysctls::open();
    let before = here.read(key);
    let there = thread::scope(|scope| {
        let elsewhere = scope.spawn(|| {
            #[expect(
                deprecated,
                reason = "its successor is unsafe for flags that are not asked for"
            )]
            rustix::thread::unshare(UnshareFlags::NEWNET).unwrap();
            // Opened by the other thread or by this one: the kernel asks who reads.
            let mut there = LiveSysctls::open();
            there.write(key, "17").unwrap();
            there.read(key)
        });
        elsewhere.join().unwrap()
    });
    assert_eq!(there, known("17"));
    assert_eq!(here.read(key), before);
    here.write(key, "18").unwrap();
    assert_eq!(here.read(key), known("18"));
}

#[test]
fn a_long_list_of_ports_is_read_whole_emptied_and_put_back() {
    if !inside("settings::a_long_list_of_ports_is_read_whole_emptied_and_put_back") {
        return;
    }
    let key = "net.ipv4.ip_local_reserved_ports";
    let ports: Vec<String> = (20_001..30_000)
        .step_by(2)
        .map(|port| port.to_string())
        .collect();
    let list = ports.join(",");
    assert!(list.len() > 3 * 4096);
    let mut sysctls = LiveSysctls::open();
    sysctls.write(key, &list).unwrap();
    assert_eq!(sysctls.read(key), known(&list));
    sysctls.write(key, "").unwrap();
    assert_eq!(sysctls.read(key), known(""));
    sysctls.write(key, &list).unwrap();
    assert_eq!(sysctls.read(key), known(&list));
}

#[test]
fn a_refused_write_tells_the_errno_and_may_have_changed_a_field() {
    if !inside("settings::a_refused_write_tells_the_errno_and_may_have_changed_a_field") {
        return;
    }
    let mut sysctls = LiveSysctls::open();
    let no_number = sysctls.write("net.core.somaxconn", "many");
    assert_eq!(no_number, refused("EINVAL"));
    let no_module = sysctls.write("net.ipv4.tcp_congestion_control", "no_such");
    assert_eq!(no_module, refused("ENOENT"));
    let no_key = sysctls.write("net.ipv4.tcp_tw_recycle", "1");
    assert_eq!(no_key, refused("ENOENT"));
    let key = "net.ipv4.tcp_rmem";
    sysctls.write(key, "4096 131072 6291456").unwrap();
    assert_eq!(sysctls.write(key, "8192 0 6291456"), refused("EINVAL"));
    // The reason why every refused write is followed by a read.
    assert_eq!(sysctls.read(key), known("8192\t131072\t6291456"));
}

#[test]
fn a_name_with_a_dot_in_it_is_written_too() {
    if !inside("settings::a_name_with_a_dot_in_it_is_written_too") {
        return;
    }
    // The loopback's folder is there already; a second interface needs no module when it is a rename.
    run("ip", &["link", "set", "lo", "name", "lo.5"]);
    let key = "net.ipv4.conf.lo/5.rp_filter";
    let mut sysctls = LiveSysctls::open();
    sysctls.write(key, "2").unwrap();
    assert_eq!(sysctls.read(key), known("2"));
    assert_eq!(
        fs::read_to_string("/proc/sys/net/ipv4/conf/lo.5/rp_filter").unwrap(),
        "2\n"
    );
    let gone = sysctls.write("net.ipv4.conf.lo/6.rp_filter", "2");
    assert_eq!(gone, refused("ENOENT"));
}

#[test]
fn a_key_without_a_write_bit_is_read_only() {
    if !inside("settings::a_key_without_a_write_bit_is_read_only") {
        return;
    }
    let key = "net.core.rmem_max";
    let mut sysctls = LiveSysctls::open();
    // The machine's, shown to every namespace; absent before Linux 6.17.
    if sysctls.read(key) == Reading::Absent {
        return;
    }
    assert!(matches!(sysctls.read(key), Reading::ReadOnly(_)));
    assert_eq!(sysctls.write(key, "4096"), refused("EACCES"));
}

#[test]
fn a_read_only_mount_is_noticed_before_a_write_and_by_it() {
    if !inside("settings::a_read_only_mount_is_noticed_before_a_write_and_by_it") {
        return;
    }
    let (wide, narrow) = ("net.core.somaxconn", "net.ipv4.tcp_fin_timeout");
    let mut sysctls = LiveSysctls::open();
    assert!(matches!(sysctls.read(narrow), Reading::Known(_)));
    // A part of the tree first, which the mount of the whole does not tell.
    for (path, key) in [("/proc/sys/net/ipv4", narrow), ("/proc/sys", wide)] {
        run("mount", &["--bind", path, path]);
        run("mount", &["-o", "remount,bind,ro", path]);
        let reading = LiveSysctls::open().read(key);
        assert!(matches!(reading, Reading::ReadOnly(_)), "{reading:?}");
        assert_eq!(LiveSysctls::open().write(key, "100"), refused("EROFS"));
    }
}

#[test]
fn a_user_who_may_not_write_is_told_so_before_a_write() {
    if !inside("settings::a_user_who_may_not_write_is_told_so_before_a_write") {
        return;
    }
    let key = "net.ipv4.tcp_fin_timeout";
    let Reading::Known(text) = LiveSysctls::open().read(key) else {
        panic!("{key} cannot be written by root")
    };
    thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            let uid = Uid::from_raw(65_534);
            if rustix::thread::set_thread_res_uid(uid, uid, uid).is_err() {
                // A user namespace with one user in it.
                return;
            }
            let mut sysctls = LiveSysctls::open();
            assert_eq!(sysctls.read(key), Reading::ReadOnly(text));
            assert_eq!(sysctls.write(key, "17"), refused("EACCES"));
        });
        nobody.join().unwrap();
    });
}

#[test]
fn a_masked_tree_is_denied_not_absent() {
    if !inside("settings::a_masked_tree_is_denied_not_absent") {
        return;
    }
    run("mount", &["-t", "tmpfs", "tmpfs", "/proc/sys"]);
    let mut sysctls = LiveSysctls::open();
    let reading = sysctls.read("net.core.somaxconn");
    assert!(matches!(reading, Reading::Denied(_)), "{reading:?}");
    assert_eq!(sysctls.write("net.core.somaxconn", "1"), refused("ENOENT"));
}
