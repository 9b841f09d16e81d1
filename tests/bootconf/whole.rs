//! Files, the command line, modules and what a loader does not read, through to the forecast.

use tcptune::bootconf::{Request, read};
use tcptune::catalog::find;
use tcptune::fact::boot::{Boot, BootSetting, Engine, Fate, Forecast};
use tcptune::fact::{KernelVersion, Value};

use super::memory::{MemoryKeys, MemoryTree};

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const MAX: &str = "net.netfilter.nf_conntrack_max";

fn request(cmdline: Option<&[u8]>) -> Request<'_> {
    Request {
        engine: Engine::Systemd,
        decided: "told".to_owned(),
        cmdline,
        kernel: KernelVersion::parse("6.18.0"),
        live: &|_| None,
        default: &|_| None,
        available: &|_, _| None,
        builtin: &|_| Some(false),
        opaque: None,
    }
}

fn boot(tree: &MemoryTree, request: &Request) -> Boot {
    let keys = MemoryKeys::of([
        "net/ipv4/tcp_fin_timeout",
        "net/netfilter/nf_conntrack_max",
        "net/nf_conntrack_max",
    ]);
    read(tree, &keys, request)
}

fn setting<'a>(boot: &'a Boot, key: &str) -> &'a BootSetting {
    &boot.settings[key]
}

fn place(boot: &Boot, index: Option<usize>) -> Option<String> {
    Some(boot.definition(index)?.place.to_string())
}

fn value(key: &str, text: &str) -> Forecast {
    Forecast::Value(find(key).unwrap().parse(text).unwrap())
}

#[test]
fn the_command_line_is_the_ground_the_files_build_on_and_no_part_of_now() {
    let line = Some(&b"quiet sysctl.net.ipv4.tcp_fin_timeout=30"[..]);
    let bare = boot(&MemoryTree::new(), &request(line));
    assert_eq!(setting(&bare, FIN).next_boot, value(FIN, "30"));
    assert_eq!(setting(&bare, FIN).system_now, Forecast::Untouched);
    let tree = MemoryTree::new().file("/etc/sysctl.d/a.conf", format!("{FIN} = 40\n"));
    let both = boot(&tree, &request(line));
    let fin = setting(&both, FIN);
    assert_eq!(fin.next_boot, value(FIN, "40"));
    assert_eq!(place(&both, fin.set_by).unwrap(), "/etc/sysctl.d/a.conf:1");
    let fates: Vec<Fate> = fin.claims.iter().map(|(_, outcome)| outcome.fate).collect();
    assert_eq!(fates, [Fate::Shadowed, Fate::Wins]);
}

#[test]
fn a_file_that_only_procps_reads_decides_now_and_not_at_boot() {
    let tree = MemoryTree::new()
        .file("/etc/sysctl.conf", format!("\n{FIN} = 20\n"))
        .file("/etc/sysctl.d/a.conf", format!("{FIN} = 40\n"));
    let boot = boot(&tree, &request(None));
    let fin = setting(&boot, FIN);
    assert_eq!(fin.next_boot, value(FIN, "40"));
    assert_eq!(fin.system_now, value(FIN, "20"));
    assert_eq!(place(&boot, fin.set_by).unwrap(), "/etc/sysctl.d/a.conf:1");
    assert_eq!(place(&boot, fin.system_by).unwrap(), "/etc/sysctl.conf:2");
    let unread = boot.definition(fin.system_by).unwrap();
    assert!(unread.unread);
    assert_eq!(unread.outcome.fate, Fate::Ignored);
}

#[test]
fn a_key_of_a_module_needs_the_module_before_the_files() {
    let tree = MemoryTree::new().file("/etc/sysctl.d/a.conf", "net.nf_conntrack_max = 5000\n");
    let without = boot(&tree, &request(None));
    let why = "module nf_conntrack is not loaded at that time".to_owned();
    assert_eq!(
        setting(&without, MAX).next_boot,
        Forecast::Unknown(why.clone())
    );
    assert_eq!(setting(&without, MAX).system_now, value(MAX, "5000"));
    let outcome = &without.definitions[0].outcome;
    assert_eq!(
        (outcome.fate, outcome.why.as_deref()),
        (Fate::Ignored, Some(why.as_str()))
    );

    let with = tree.file("/usr/lib/modules-load.d/c.conf", "nf_conntrack\n");
    let with = boot(&with, &request(None));
    assert_eq!(setting(&with, MAX).next_boot, value(MAX, "5000"));
    assert_eq!(with.definitions[0].outcome.fate, Fate::Wins);
}

#[test]
fn where_the_files_say_nothing_of_the_next_boot_that_is_said() {
    let tree = MemoryTree::new().file("/etc/sysctl.d/a.conf", format!("{FIN} = 40\n"));
    let why = "no init system is seen here that would load boot files into this namespace";
    let request = Request {
        opaque: Some(why.to_owned()),
        ..request(None)
    };
    let boot = boot(&tree, &request);
    assert_eq!(
        setting(&boot, FIN).next_boot,
        Forecast::Unknown(why.to_owned())
    );
    assert_eq!(setting(&boot, FIN).system_now, value(FIN, "40"));
    assert_eq!(boot.definitions.len(), 1);
}

#[test]
fn without_a_live_value_a_part_of_a_vector_is_open() {
    let key = "net.ipv4.tcp_rmem";
    let tree = MemoryTree::new().file("/etc/sysctl.d/a.conf", format!("{key} = 5000\n"));
    let keys = MemoryKeys::unknown();
    let live = |key: &str| find(key)?.parse("1 2 3").ok();
    let request = Request {
        live: &live,
        ..request(None)
    };
    let boot = read(&tree, &keys, &request);
    assert!(matches!(
        setting(&boot, key).next_boot,
        Forecast::Unknown(_)
    ));
    let now = Forecast::Value(Value::Triple([5000, 2, 3]));
    assert_eq!(setting(&boot, key).system_now, now);
}
