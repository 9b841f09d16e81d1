# Made by `tcptune export --to puppet` from a plan for web-07, 2026-11-18.
# Resources for a class or a node. Values are loaded when the file changes; what is changed by hand
# on a host stays until then: `tcptune check` tells.
file { '/etc/sysctl.d/60-tcptune-export.conf':
  ensure  => file,
  owner   => 'root',
  group   => 'root',
  mode    => '0644',
  content => '# Managed by Puppet.
# listener-in-port-range
net.ipv4.ip_local_reserved_ports = 9000-9002,20000
# accept-queue-overflow
net.core.somaxconn = 8192
# rp-filter-max-rule
net.ipv4.conf.all.rp_filter = 2
# congestion-control-not-allowed
net.ipv4.tcp_congestion_control = reno
# keepalive-slow-detection
net.ipv4.tcp_keepalive_time = 600
# receive-buffer-cap
net.ipv4.tcp_rmem = 4096 131072 8388608
# ports-exhausted
net.ipv4.ip_local_port_range = 16384 60999
# softnet-drops
net.core.netdev_max_backlog = 4096
',
}
~> exec { 'sysctl -p /etc/sysctl.d/60-tcptune-export.conf':
  path        => ['/usr/sbin', '/sbin', '/usr/bin', '/bin'],
  refreshonly => true,
}
