//! A managed host: network, mount and host-name namespaces with an sshd inside.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::stage::{NETWORK, ROOM};

pub(crate) const DROPIN: &str = "/etc/sysctl.d/60-tcptune.conf";
pub(crate) const JOURNAL: &str = "/var/lib/tcptune/journal";
pub(crate) const FIN: &str = "net.ipv4.tcp_fin_timeout";
pub(crate) const RETRIES: &str = "net.ipv4.tcp_syn_retries";

/// Its own `/etc`, empty folders over everything the program or a loader writes or reads, a `/tmp` that nothing
/// can be executed from, the program installed, and a user who may become root. The folder below `/run` makes
/// it a host whose init system is systemd, which shows itself as process 1.
const SET: &str = r#"
name=$1 program=$2 address=$3
hostname "$name" || exit 1
own=/run/hosts/$name
mkdir -p "$own" && mount -t tmpfs -o mode=755 tmpfs "$own" || exit 1
mkdir -p "$own/room" "$own/sshd" "$own/systemd/system" "$own/etc" || exit 1
cp -a /etc/. "$own/etc" || exit 1
rm -rf "$own"/etc/sysctl.conf "$own"/etc/sysctl.d/* "$own/etc/tcptune"
mkdir -p "$own/etc/sysctl.d"
echo "127.0.0.1 localhost $name" >"$own/etc/hosts"
echo 'deploy:*:2001:2001::/home/deploy:/bin/sh' >>"$own/etc/passwd"
echo 'deploy ALL=(ALL) NOPASSWD: ALL' >"$own/etc/sudoers.d/deploy" && chmod 440 "$own/etc/sudoers.d/deploy" || exit 1
mount --bind /run/room "$own/room" || exit 1
mount -t tmpfs tmpfs /usr/local/bin && : >/usr/local/bin/tcptune || exit 1
mount --bind "$program" /usr/local/bin/tcptune || exit 1
mount --bind "$own/etc" /etc && mount --rbind "$own" /run || exit 1
for folder in /usr/lib/sysctl.d /usr/local/lib /var/lib /var/log /root /home; do
    mount -t tmpfs -o mode=755 tmpfs $folder || exit 1
done
[ -L /lib ] || [ ! -d /lib/sysctl.d ] || mount -t tmpfs tmpfs /lib/sysctl.d || exit 1
mount -t tmpfs -o mode=1777,noexec tmpfs /tmp || exit 1
mount --bind /proc/$$ /proc/1 || exit 1
mkdir /home/deploy && chown 2001:2001 /home/deploy || exit 1
echo set
read go
ip link set lo up && ip addr add "$address/24" dev eth0 && ip link set eth0 up || exit 1
exec /usr/sbin/sshd -D -e -f /run/room/sshd_config -o "ListenAddress=$address" 2>"/run/room/$name.log"
"#;

const SSHD: &str = "
Port 22
HostKey /run/room/hostkey
AuthorizedKeysFile /run/room/key.pub
PidFile /run/sshd.pid
PasswordAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
";

/// A host that lasts as long as this value.
pub(crate) struct Host {
    pub(crate) name: String,
    address: String,
    holder: Child,
}

/// Three hosts, each with an sshd that listens.
pub(crate) fn three() -> [Host; 3] {
    for key in ["key", "hostkey"] {
        let file = format!("{ROOM}/{key}");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &file])
            .status()
            .unwrap();
        assert!(made.success());
    }
    fs::write(format!("{ROOM}/sshd_config"), SSHD).unwrap();
    [1, 2, 3].map(Host::open)
}

impl Host {
    fn open(number: u8) -> Self {
        let (name, address) = (format!("web-{number}"), format!("{NETWORK}.1{number}"));
        let program = env!("CARGO_BIN_EXE_tcptune");
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "--uts", "--propagation", "private"])
            .args(["sh", "-c", SET, "sh", &name, program, &address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(holder.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "set\n", "{name}");
        let plug = format!(
            "ip link add veth{number} type veth peer name eth0 netns {} \
             && ip link set veth{number} master br0 up",
            holder.id()
        );
        let plugged = Command::new("sh").args(["-c", &plug]).status().unwrap();
        assert!(plugged.success());
        let go = holder.stdin.as_mut().unwrap();
        go.write_all(b"go\n").unwrap();
        let host = Self {
            name,
            address,
            holder,
        };
        until(&format!("{} is reached", host.name), || {
            TcpStream::connect((host.address.as_str(), 22)).is_ok()
        });
        host
    }

    /// Does something on the host, not by way of ssh.
    pub(crate) fn run(&self, script: &str) -> String {
        let pid = self.holder.id().to_string();
        let output = Command::new("nsenter")
            .args(["--target", &pid, "--net", "--mount", "--uts"])
            .args(["sh", "-c", script])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {script}\n{said}", self.name);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn live(&self, key: &str) -> String {
        self.run(&format!("cat {}", file_of(key)))
    }

    /// What somebody does who logs in and changes a value by hand.
    pub(crate) fn set(&self, key: &str, value: &str) {
        self.run(&format!("echo {value} >{}", file_of(key)));
    }

    /// Puts a file there.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let room = format!("{ROOM}/{}-file", self.name);
        fs::write(&room, text).unwrap();
        self.run(&format!("cat {room} >{path}"));
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.run(&format!("if [ -e {path} ]; then echo yes; fi")) == "yes"
    }

    /// Everything an apply changes.
    pub(crate) fn state(&self) -> [String; 3] {
        let file = format!("cat {DROPIN} 2>/dev/null || echo none");
        [self.live(FIN), self.live(RETRIES), self.run(&file)]
    }

    /// Whether nothing was ever applied here.
    pub(crate) fn is_untouched(&self) -> bool {
        let made = format!("ls {JOURNAL} 2>/dev/null || true");
        !self.has(DROPIN) && self.run(&made).is_empty()
    }

    /// As in a container: nobody may write a setting.
    pub(crate) fn lock_settings(&self) {
        self.run("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys");
        assert!(Path::new("/proc/sys/net").exists());
    }

    /// Its line of the inventory.
    pub(crate) fn line(&self) -> String {
        format!("{} ansible_host={}", self.name, self.address)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn file_of(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}

/// Waits until something is so, or fails.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..600 {
        if so() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}
