//! The metrics, scraped from a node exporter that runs in a network namespace of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use super::*;

const EXPORTER: &str = "prometheus-node-exporter";
const ADDRESS: &str = "127.0.0.1:9100";

/// A node exporter that ends with the test.
struct Exporter {
    child: Child,
    /// Kept open: it ends when it writes to a pipe that nobody holds.
    said: BufReader<ChildStderr>,
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exporter {
    /// Starts one that reads a folder, and waits until it says that it listens.
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(EXPORTER)
            .arg(format!("--web.listen-address={ADDRESS}"))
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!(
                "--collector.textfile.directory={}",
                folder.display()
            ))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let mut exporter = Self { child, said };
        let mut before = String::new();
        // It says so once it does.
        while !before.contains("Listening on") {
            let read = exporter.said.read_line(&mut before).unwrap();
            assert!(read > 0, "it does not listen: {before}");
        }
        exporter
    }

    fn scrape() -> String {
        let mut stream = TcpStream::connect(ADDRESS).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }
}

fn check(args: &[&str]) -> Option<i32> {
    let run = Command::new(env!("CARGO_BIN_EXE_tcptune"))
        .args(["check", "--format", "prometheus"])
        .args(args)
        .stderr(Stdio::null())
        .status();
    run.unwrap().code()
}

#[test]
fn a_node_exporter_serves_what_a_run_wrote() {
    if Command::new(EXPORTER).arg("--version").output().is_err() {
        return netns::skip("prometheus-node-exporter is not installed");
    }
    netns::in_new_netns("exporter::a_node_exporter_serves_what_a_run_wrote", || {
        let up = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tcptune.prom");
        let file = file.to_str().unwrap();
        let tree = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hosts/hand-edited-6.1");
        let _exporter = Exporter::start(folder.path());
        let root = format!("{tree}/root");
        let code = check(&["--proc", tree, "--root", &root, "-o", file]);
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
        let page = Exporter::scrape();
        assert!(page.contains("\nnode_textfile_scrape_error 0\n"), "{page}");
        assert!(page.contains("\ntcptune_last_run_success 1\n"), "{page}");
        let version = format!(
            "\ntcptune_build_info{{version=\"{}\"}} 1\n",
            env!("CARGO_PKG_VERSION")
        );
        assert!(page.contains(&version), "{page}");
        assert!(
            page.contains("\ntcptune_rules{result=\"holds\"} "),
            "{page}"
        );
        let open = std::fs::read_to_string(file).unwrap();
        let findings = |text: &str| text.matches("\ntcptune_finding{").count();
        assert_eq!(findings(&page), findings(&open));
        assert!(findings(&page) > 0, "{page}");

        // Every shape, with texts that are not meant well.
        let text = super::page(|out| prometheus(&every_shape(), &run(), out));
        std::fs::write(file, &text).unwrap();
        let page = Exporter::scrape();
        assert!(page.contains("\nnode_textfile_scrape_error 0\n"), "{page}");
        assert_eq!(findings(&page), findings(&text), "{page}");

        // A run without a report takes back what the one before found.
        assert_eq!(
            check(&["--proc", tree, "-o", file, "--config", "/nowhere"]),
            Some(2)
        );
        let page = Exporter::scrape();
        assert!(page.contains("\ntcptune_last_run_success 0\n"), "{page}");
        assert_eq!(findings(&page), 0, "{page}");
    });
}
