# Starts a systemd in new namespaces, on a copy of this machine's files that ends with it: boot.sh STAGE UNITS PROGRAM
set -e
stage=${1:?} units=${2:?} program=${3:?}
# The first process of its namespaces, and not on the machine itself.
[ $$ = 1 ] && [ ! -e /proc/sys/net/core/netdev_max_backlog ]
root=$stage/root
mkdir -p "$stage/top" "$root"
mount -t tmpfs tmpfs "$stage/top"
mkdir "$stage/top/upper" "$stage/top/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$stage/top/upper,workdir=$stage/top/work" "$root"
ip link set lo up
echo 16 >/proc/sys/net/core/somaxconn

mount -t proc proc "$root/proc"
# Neither a setting of the machine nor a device: nothing in there is to be written.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done

# Of this machine nothing is started.
rm -rf "$root"/etc/systemd/system/* "$root"/etc/sysctl.d/* \
  "$root"/lib/systemd/system/{sysinit,local-fs,multi-user,timers}.target.wants
: >"$root/etc/fstab"
: >"$root/etc/crypttab"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
cp "$program" "$root/usr/bin/tcptune"
cp "$units"/tcptune-audit.* "$root/lib/systemd/system/"
mkdir "$root/told"
mount --bind "$stage/told" "$root/told"
cat >"$root/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
StandardOutput=file:/told/page
StandardError=inherit
ExecStart=/bin/bash /told/probe.sh
UNIT
export container=other
exec unshare --root="$root" --wd=/ /lib/systemd/systemd --system --unit=probe.service --log-target=journal
