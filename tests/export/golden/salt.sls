# Made by `tcptune export --to salt` from a plan for web-07, 2026-11-18.
# States, made in this order; include them in a highstate.

# listener-in-port-range
"tcptune net.ipv4.ip_local_reserved_ports":
  sysctl.present:
    - name: "net.ipv4.ip_local_reserved_ports"
    - value: "9000-9002,20000"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# accept-queue-overflow
"tcptune net.core.somaxconn":
  sysctl.present:
    - name: "net.core.somaxconn"
    - value: "8192"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# rp-filter-max-rule
"tcptune net.ipv4.conf.all.rp_filter":
  sysctl.present:
    - name: "net.ipv4.conf.all.rp_filter"
    - value: "2"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# congestion-control-not-allowed
"tcptune net.ipv4.tcp_congestion_control":
  sysctl.present:
    - name: "net.ipv4.tcp_congestion_control"
    - value: "reno"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# keepalive-slow-detection
"tcptune net.ipv4.tcp_keepalive_time":
  sysctl.present:
    - name: "net.ipv4.tcp_keepalive_time"
    - value: "600"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# receive-buffer-cap
"tcptune net.ipv4.tcp_rmem":
  sysctl.present:
    - name: "net.ipv4.tcp_rmem"
    - value: "4096 131072 8388608"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# ports-exhausted
"tcptune net.ipv4.ip_local_port_range":
  sysctl.present:
    - name: "net.ipv4.ip_local_port_range"
    - value: "16384 60999"
    - config: /etc/sysctl.d/60-tcptune-export.conf

# softnet-drops
"tcptune net.core.netdev_max_backlog":
  sysctl.present:
    - name: "net.core.netdev_max_backlog"
    - value: "4096"
    - config: /etc/sysctl.d/60-tcptune-export.conf
