//! Ruby in the ways cookbooks write it.

use proptest::prelude::{any, prop, proptest};

use super::ruby::find;
use super::shown::shown;

#[test]
fn attributes_are_chains_of_names() {
    let text = "\
node.default['sysctl']['params']['net']['ipv4']['tcp_tw_recycle'] = 1
default[:sysctl][:params][:net][:core][:somaxconn] = 40_000 # many
override[\"sysctl\"][\"params\"][\"net.ipv4.tcp_rmem\"] = '4096 1   2'
normal['sysctl']['net.ipv4.tcp_mem'] = [1, 2, 3]
default['sysctl']['params']['net']['ipv4']['tcp_wmem'] = \"4096 #{x} 2\"
default['sysctl']['params']['net']['core']['rmem_max'] = 16 * 1024
default['sysctl']['params']['net']['core']['wmem_max'] =
  4096 unless node['x']
default['sysctl']['params']['net']['ipv4']['tcp_sack'] = nil
node.default['sysctl']['params']['net']['ipv4'].tap do |v4|
  v4['tcp_ecn'] = 1
  v4['tcp_fack'] = node['fack']
end
params = node.default['sysctl']['params']
params['net']['ipv4']['tcp_dsack'] = 0
default['mongodb']['config']['net']['port'] = 27017
puts 'same' if default['sysctl']['params']['net']['ipv4']['tcp_ecn'] == 1
";
    assert_eq!(
        shown(&find(text)),
        [
            "1:35 net.ipv4.tcp_tw_recycle=1",
            "2:28 net.core.somaxconn=40000 | # many",
            "3:31 net.ipv4.tcp_rmem=4096 1 2",
            "4:19 net.ipv4.tcp_mem=1 2 3",
            "5:30 net.ipv4.tcp_wmem=4096 #{x} 2 dynamic",
            "6:30 net.core.rmem_max=16 * 1024 dynamic",
            "7:30 net.core.wmem_max=4096 @8",
            "11:7 net.ipv4.tcp_ecn=1",
            "12:7 net.ipv4.tcp_fack=node['fack'] dynamic",
            "15:9 net.ipv4.tcp_dsack=0",
        ]
    );
}

#[test]
fn hashes_are_flat_or_nested() {
    let text = "\
default['sysctl']['params'] = {
  'net.core.somaxconn' => 1024, # more
  \"net.ipv4.tcp_ecn\": '1',
  'net' => { 'ipv4' => { 'tcp_sack' => 0, tcp_rmem: [1, 2, 3] } },
}
default_attributes(
  'sysctl' => { 'params' => { 'net' => { 'core' => { 'rmem_max' => 1_000 } } } }
)
rules = [
  { name: 'net.ipv4.tcp_fack', value: 1 },
  { :key => 'net.ipv4.tcp_dsack', :value => 0 },
]
";
    assert_eq!(
        shown(&find(text)),
        [
            "2:4 net.core.somaxconn=1024 | # more",
            "3:4 net.ipv4.tcp_ecn=1",
            "4:27 net.ipv4.tcp_sack=0",
            "4:43 net.ipv4.tcp_rmem=1 2 3",
            "7:55 net.core.rmem_max=1000",
            "10:12 net.ipv4.tcp_fack=1",
            "11:14 net.ipv4.tcp_dsack=0",
        ]
    );
}

#[test]
fn resources_have_their_value_in_a_block() {
    let text = "\
sysctl_param 'net.ipv4.tcp_tw_recycle' do
  only_if { ::File.exist?('/proc/sys/net/ipv4/tcp_tw_recycle') }
  if node['x']
    value 1
  end
end
sysctl 'more' do
  key 'net.core.somaxconn'
  value 2048
end
sysctl('net.ipv4.tcp_ecn') { value '1' }
sysctl 'net.ipv4.tcp_sack' do
  value 1
  action :remove
end
%w(net.ipv4.tcp_fack net.ipv4.tcp_dsack).each do |name|
  sysctl name do
    value 0
  end
end
describe kernel_parameter('net.ipv4.ip_forward') do
  its('value') { should eq 0 }
end
sysctl 'net.core.wmem_max' do
  variables 'net.core.wmem_max' => node['tune']['wmem']
end
";
    assert_eq!(
        shown(&find(text)),
        [
            "1:15 net.ipv4.tcp_tw_recycle=1 @4",
            "8:8 net.core.somaxconn=2048 @9",
            "11:9 net.ipv4.tcp_ecn=1",
            "16:4 net.ipv4.tcp_fack=0 @18",
            "16:22 net.ipv4.tcp_dsack=0 @18",
            "25:14 net.core.wmem_max=node['tune']['wmem'] dynamic",
        ]
    );
}

#[test]
fn strings_hold_files_and_commands_and_messages_set_nothing() {
    let text = "\
execute 'sysctl -w net.ipv4.tcp_sack=1'
file '/etc/sysctl.d/1.conf' do
  content \"net.core.somaxconn = 1\\nnet.ipv4.tcp_ecn = #{ecn}\\n\"
end
bash 'tune' do
  code <<-EOH
    echo 1 > /proc/sys/net/ipv4/tcp_fack
    sysctl -w net.ipv4.tcp_dsack=0
  EOH
end
Chef::Log.warn('set net.ipv4.tcp_sack=0')
raise \"net.ipv4.ip_forward=1 is wrong\"
# default['sysctl']['params']['net']['ipv4']['tcp_mem'] = '1 2 3'
# sysctl_param 'net.core.rmem_max' do
#   value 1
# end
";
    assert_eq!(
        shown(&find(text)),
        [
            "1:20 net.ipv4.tcp_sack=1",
            "3:12 net.core.somaxconn=1",
            "3:36 net.ipv4.tcp_ecn=#{ecn} dynamic",
            "7:14 net.ipv4.tcp_fack=1",
            "8:15 net.ipv4.tcp_dsack=0",
            "13:32 net.ipv4.tcp_mem=1 2 3 commented",
            "14:17 net.core.rmem_max=1 @15 commented",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_is_a_reason_to_panic(text in any::<String>(), picks in prop::collection::vec(0..28_usize, 0..60)) {
        let pieces = [
            "default['sysctl']", "['net']", "['ipv4']", " = ", "'net.ipv4.tcp_sack'", " => ", "{", "}", "[", "]",
            "do", "end", "value 1", "\n", "#", "\"", "'", "#{", "<<~EOS", "EOS", "%w(", ")", "|k|", ".each ",
            "sysctl ", "é", "\\", "=begin",
        ];
        let _ = find(&text);
        let text: String = picks.iter().filter_map(|pick| pieces.get(*pick)).copied().collect();
        let _ = find(&text);
    }
}
