# Made by `tcptune export --to nixos` from a plan for web-07, 2026-11-18.
# A module for `imports`. Where NixOS sets a key itself, put lib.mkForce before the value.
{
  boot.kernel.sysctl = {
    # listener-in-port-range
    "net.ipv4.ip_local_reserved_ports" = "9000-9002,20000";
    # accept-queue-overflow
    "net.core.somaxconn" = 8192;
    # rp-filter-max-rule
    "net.ipv4.conf.all.rp_filter" = 2;
    # congestion-control-not-allowed
    "net.ipv4.tcp_congestion_control" = "reno";
    # keepalive-slow-detection
    "net.ipv4.tcp_keepalive_time" = 600;
    # receive-buffer-cap
    "net.ipv4.tcp_rmem" = "4096 131072 8388608";
    # ports-exhausted
    "net.ipv4.ip_local_port_range" = "16384 60999";
    # softnet-drops
    "net.core.netdev_max_backlog" = 4096;
  };
}
