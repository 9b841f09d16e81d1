//! The units under a real systemd, process number 1 of namespaces of its own: with everything the service is
//! shut out from, beside Debian's node exporter as its package sets it up.

use std::fs;

use super::*;

/// A control group of this machine, which the namespaces have for their root.
struct Group(PathBuf);

impl Group {
    fn new() -> Option<Self> {
        let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
        let root = roots
            .into_iter()
            .find(|root| root.join("cgroup.procs").exists())?;
        let group = root.join(format!("tcptune-test-{}", std::process::id()));
        fs::create_dir(&group).ok()?;
        Some(Self(group))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Control groups are folders with files that nobody removes.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

/// What is needed, and why nothing can be tested where it is not there.
fn missing() -> Option<String> {
    for program in [
        "/lib/systemd/systemd",
        "/usr/bin/prometheus-node-exporter",
        "/usr/bin/python3",
    ] {
        if !Path::new(program).exists() {
            return Some(format!("{program} is not installed"));
        }
    }
    let script = "mkdir -p /run/o/u /run/o/w /run/o/r && mount -t overlay overlay -o \
                  lowerdir=/,upperdir=/run/o/u,workdir=/run/o/w /run/o/r";
    let tried = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "sh", "-c"])
        .arg(format!("mount -t tmpfs tmpfs /run && {script}"))
        .output();
    let can = tried.is_ok_and(|tried| tried.status.success());
    (!can).then(|| "no namespaces with files of their own can be made here".to_owned())
}

/// The part of the page below a heading.
fn part<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page
        .split_once(&format!("\n== {heading}\n"))
        .unwrap_or_else(|| panic!("no `{heading}` in\n{page}"));
    rest.split("\n== ").next().unwrap_or_default()
}

#[test]
fn the_timer_and_the_service_run_under_systemd_and_a_burst_comes_to_the_node_exporter() {
    if let Some(why) = missing() {
        return netns::skip(&why);
    }
    let Some(group) = Group::new() else {
        return netns::skip("no control group can be made here");
    };
    let stage = tempfile::tempdir().unwrap();
    let told = stage.path().join("told");
    fs::create_dir(&told).unwrap();
    for file in ["probe.sh", "burst.py"] {
        fs::copy(own("tests/timer").join(file), told.join(file)).unwrap();
    }
    // It ends itself; should it not, the test must.
    let enter = format!(
        "echo $$ >{}/cgroup.procs && exec timeout --signal=KILL 300 unshare --mount --net --pid --ipc --uts \
         --cgroup --fork --kill-child bash \"$@\"",
        group.0.display()
    );
    let output = Command::new("sh")
        .args(["-c", &enter, "sh"])
        .arg(own("tests/timer/boot.sh"))
        .args([stage.path(), &own("contrib/systemd"), Path::new(PROGRAM)])
        .output()
        .unwrap();
    let page = fs::read_to_string(told.join("page")).unwrap_or_default();
    let console = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!page.is_empty(), "it did not start:\n{console}");

    // The second one ends with 1, for the burst: a success of the service.
    for run in ["first", "second", "third", "fourth"] {
        assert!(
            part(&page, run).starts_with("started: 0\n"),
            "{run}\n{page}"
        );
    }
    let files = part(&page, "files");
    assert!(files.contains("-rw------- "), "{page}");
    assert!(files.contains("-rw-r--r-- "), "{page}");
    let burst = "tcptune_finding{mechanism=\"accept-queue\",period=\"now\",rule=\"accept-queue-overflow\",\
                 severity=\"high\"} 1";
    let scraped = part(&page, "scraped");
    assert!(scraped.contains(burst), "{page}");
    assert!(scraped.contains("node_textfile_scrape_error 0"), "{page}");
    assert!(!part(&page, "scraped again").contains(burst), "{page}");
    assert!(part(&page, "fourth").contains(" tcptune.prom\n"), "{page}");
    let journal = part(&page, "journal");
    assert!(journal.contains("Finished tcptune-audit.service"), "{page}");
    for complaint in ["warning", "error", "mv:", "Failed", "denied"] {
        assert!(!journal.contains(complaint), "{page}");
    }
    let timer = part(&page, "timer");
    assert!(timer.starts_with("disabled\n"), "{page}");
    assert!(timer.contains("tcptune-audit.timer"), "{page}");
}
