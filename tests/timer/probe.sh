# Runs under that systemd, and ends it: never the one of a machine.
[ "$(cat /etc/machine-id)" = 0123456789abcdef0123456789abcdef ] || exit 1
trap 'systemctl --no-block --force --force poweroff >/dev/null 2>&1' EXIT
say() { printf '\n== %s\n' "$*"; }
scrape() { exec 3<>/dev/tcp/127.0.0.1/9100 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && cat <&3 && exec 3>&-; }
run() {
  say "$1"
  systemctl start tcptune-audit.service
  echo "started: $?"
}

systemctl start prometheus-node-exporter.service
until scrape >/dev/null 2>&1; do sleep 0.1; done

run first
say files
ls -l /var/lib/private/tcptune-audit/remembered /var/lib/prometheus/node-exporter
/usr/bin/python3 /told/burst.py
run second
say scraped
scrape | grep -E '^(tcptune|node_textfile)_'
run third
say scraped again
scrape | grep -E '^(tcptune|node_textfile)_'

say without a collector
mv /var/lib/prometheus/node-exporter /var/lib/prometheus/elsewhere
run fourth
ls -l /var/lib/private/tcptune-audit

say journal
journalctl --sync
journalctl --quiet --no-pager -o cat -u tcptune-audit.service

say timer
systemctl is-enabled tcptune-audit.timer
systemctl enable --now tcptune-audit.timer
systemctl list-timers --no-pager --all
