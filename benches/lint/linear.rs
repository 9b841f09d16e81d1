//! The worst texts there are for each reader, at some size and at four times of it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{PROGRAM, median, said};

/// Four times the text may take so many times as long; what is quadratic takes sixteen times.
const GOAL: f64 = 6.0;

/// A text of some kind: its file name, what it is, and how one of so many bytes is made.
type Kind = (&'static str, &'static str, fn(usize) -> String);

const KINDS: [Kind; 14] = [
    ("near.txt", "nearly keys, in prose", |size| {
        repeated(
            "the net. sysctl of net.ipv4 and net/core: sysctl -w net.core = x\n",
            size,
        )
    }),
    ("near.sh", "nearly keys, in a script", |size| {
        repeated(
            "echo net.ipv4.tcp_sack /proc/sys/net/; sysctl net.ipv4.x -w\n",
            size,
        )
    }),
    ("near.yaml", "nearly keys, in YAML", |size| {
        repeated("- sysctl: net.ipv4\n  x: net.core. = a\n", size)
    }),
    ("near.rb", "nearly keys, in Ruby", |size| {
        repeated(
            "sysctl['net'] net.ipv4 ; default['sysctl']['net']['ipv4']\n",
            size,
        )
    }),
    ("quotes.sh", "quotes that nothing ends", |size| {
        repeated("echo \"net.core.somaxconn=1 'b $(x `y\n", size)
    }),
    ("quotes.html", "tags that nothing ends", |size| {
        repeated(
            "<a href=\"net.core.somaxconn=1 ' <!-- <script <style &am\n",
            size,
        )
    }),
    ("heredocs.sh", "heredocs that nothing ends", |size| {
        numbered(
            "cat <<EOF# > /etc/sysctl.d/a.conf\nnet.core.somaxconn = 9000\n",
            size,
        )
    }),
    ("braces.pp", "braces that nothing ends", |size| {
        repeated("sysctl { 'net.core.somaxconn': value => { a => [\n", size)
    }),
    ("deep.yaml", "YAML, nested deep", |size| {
        repeated("{a: [", size) + "net.core.somaxconn: 1"
    }),
    ("deep.json", "JSON, nested deep", |size| {
        repeated("{\"net\":[", size) + "\"net.core.somaxconn\""
    }),
    ("deep.html", "HTML, nested deep", |size| {
        repeated("<div><pre>net.core. ", size) + "net.core.somaxconn = 1"
    }),
    ("fences.md", "very many fences", |size| {
        repeated("```yaml\nsysctls:\n  net.core.somaxconn: 9000\n```\n", size)
    }),
    ("line.md", "one line of assignments", |size| {
        repeated("`net.core.somaxconn = 9000` ", size)
    }),
    // Half a million of them at four times the size.
    ("half-a-million.conf", "one conf of assignments", |size| {
        let line = |number| format!("net.ipv4.conf.eth{number}.rp_filter = 1\n");
        (0..size / 8).map(line).collect()
    }),
];

/// Prints the table; whether every kind is linear.
pub(crate) fn table(quick: bool) -> io::Result<bool> {
    let (size, rounds) = if quick {
        (256 * 1024, 3)
    } else {
        (1024 * 1024, 3)
    };
    let folder = tempfile::tempdir()?;
    let nothing = folder.path().join("nothing");
    fs::write(&nothing, "")?;
    let start = timed(&nothing, rounds)?;
    println!(
        "linear: time at N and at 4 N bytes, the start of the process left off, and the ratio"
    );
    let mut met = true;
    for (name, what, made) in KINDS {
        let path = folder.path().join(name);
        let mut times = [0.0; 2];
        let mut bytes = 0;
        for (time, size) in times.iter_mut().zip([size, 4 * size]) {
            let text = made(size);
            bytes = bytes.max(text.len());
            fs::write(&path, text)?;
            *time = (timed(&path, rounds)? - start).max(0.0005);
        }
        fs::remove_file(&path)?;
        let [one, four] = times;
        met &= four / one <= GOAL;
        println!(
            "  {what:27} {:>6.1} MB  {one:>7.3} s {four:>7.3} s   {:>4.1}  {}",
            bytes as f64 / 1e6,
            four / one,
            said(four / one <= GOAL)
        );
    }
    Ok(met)
}

fn timed(path: &Path, rounds: usize) -> io::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let status = Command::new(PROGRAM)
            .args([
                "lint",
                "--max-size",
                "64",
                "--exit-zero",
                "--format",
                "json",
            ])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        times.push(start.elapsed().as_secs_f64());
        if !status.success() {
            return Err(io::Error::other(format!(
                "lint of {} ended with {status}",
                path.display()
            )));
        }
    }
    Ok(median(&mut times))
}

/// A piece over and over.
fn repeated(piece: &str, size: usize) -> String {
    piece.repeat(size / piece.len() + 1)
}

/// A piece over and over, with a number in the place of `#`.
fn numbered(piece: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + piece.len());
    let mut number = 0_u64;
    while text.len() < size {
        text.push_str(&piece.replace('#', &number.to_string()));
        number += 1;
    }
    text
}
