//! One fixture for each way to write it.

mod pages;

use crate::assign::{self, Assignment};

/// `LINE KEY=VALUE`, then `#` where commented, `~` where dynamic, `!flaw`.
fn shown(one: &Assignment) -> String {
    let commented = if one.commented { " #" } else { "" };
    let dynamic = if one.dynamic { " ~" } else { "" };
    let flaw = one
        .flaw
        .map_or(String::new(), |flaw| format!(" !{}", flaw.word()));
    format!(
        "{} {}={}{commented}{dynamic}{flaw}",
        one.line, one.key, one.value
    )
}

#[track_caller]
fn says(name: &str, text: &str, expected: &[&str]) {
    let found: Vec<String> = assign::find(name, text).iter().map(shown).collect();
    assert_eq!(found, expected, "{name}:\n{text}");
}

#[track_caller]
fn shell(text: &str, expected: &[&str]) {
    says("tune.sh", text, expected);
}

#[track_caller]
fn page(text: &str, expected: &[&str]) {
    says("page.md", text, expected);
}

#[test]
fn sysctl_takes_words_in_every_quoting() {
    for text in [
        "sysctl -w net.ipv4.tcp_rmem='4096 87380 6291456'",
        "sysctl -w \"net.ipv4.tcp_rmem=4096 87380 6291456\"",
        "sudo /sbin/sysctl -q -w 'net.ipv4.tcp_rmem = 4096 87380 6291456'",
        "sysctl net/ipv4/tcp_rmem=\"4096 87380\t6291456\" >/dev/null 2>&1",
        "sysctl --write=net.ipv4.tcp_rmem=4096\\ 87380\\ 6291456",
        "ip netns exec blue sysctl -w net.ipv4.tcp_rmem=\"4096 87380 6291456\" || true",
        "sudo sh -c \"sysctl -w net.ipv4.tcp_rmem='4096 87380 6291456'\"",
        "ssh web-1 \"sysctl -w net.ipv4.tcp_rmem='4096 87380 6291456'\"",
        "out=$(sysctl -w net.ipv4.tcp_rmem='4096 87380 6291456' 2>&1)",
        "if ! sysctl -w net.ipv4.tcp_rmem='4096 87380 6291456'; then exit 1; fi",
    ] {
        shell(text, &["1 net.ipv4.tcp_rmem=4096 87380 6291456"]);
    }
    shell(
        "sysctl -w \\\n  net.core.somaxconn=1024 \\\n  net.ipv4.tcp_tw_reuse=1\n",
        &["2 net.core.somaxconn=1024", "3 net.ipv4.tcp_tw_reuse=1"],
    );
}

#[test]
fn a_pattern_of_a_case_sets_nothing() {
    for text in [
        "case \"$line\" in\n  net.ipv4.tcp_tw_recycle=1) echo bad ;;\nesac\n",
        "case \"$line\" in\n  net.ipv4.tcp_tw_recycle = 1)\n    echo bad ;;\nesac\n",
        "case \"$line\" in net.ipv4.tcp_tw_recycle=1) echo bad ;; esac\n",
    ] {
        shell(text, &[]);
    }
    let acts = "case \"$1\" in\n  net.ipv4.tcp_sack=1) sysctl -w net.ipv4.tcp_sack=1 ;;\nesac\n";
    shell(acts, &["2 net.ipv4.tcp_sack=1"]);
    shell(
        "net.ipv4.tcp_sack=$(cat x)\n",
        &["1 net.ipv4.tcp_sack=$(cat x) ~"],
    );
}

#[test]
fn files_of_other_programs_that_end_in_conf_hold_commands_and_lists() {
    for (name, text, line) in [
        (
            "wg0.conf",
            "[Interface]\nPostUp = sysctl -w net.ipv4.tcp_tw_recycle=1; iptables -A x\n",
            2,
        ),
        (
            "wg0.conf",
            "[Interface]\nPostUp=sysctl -w net.ipv4.tcp_tw_recycle=1\n",
            2,
        ),
        (
            "modprobe.d/a.conf",
            "install x /sbin/modprobe -i x && /sbin/sysctl -w net.ipv4.tcp_tw_recycle=1\n",
            1,
        ),
        (
            "containers.conf",
            "[containers]\ndefault_sysctls = [ \"net.ipv4.tcp_tw_recycle=1\" ]\n",
            2,
        ),
        (
            "init/a.conf",
            "start on startup\nexec sysctl -w net.ipv4.tcp_tw_recycle=1\n",
            2,
        ),
        (
            "docker.conf",
            "DOCKER_OPTS=\"--sysctl net.ipv4.tcp_tw_recycle=1\"\n",
            1,
        ),
        (
            "supervisord.conf",
            "[program:x]\ncommand=/sbin/sysctl -w net.ipv4.tcp_tw_recycle=1\n",
            2,
        ),
        (
            "tmpfiles.d/a.conf",
            "# x\nw /proc/sys/net/ipv4/tcp_tw_recycle - - - - 1\n",
            2,
        ),
        (
            "tmpfiles.d/a.conf",
            "w+!  /proc/sys/net/ipv4/tcp_tw_recycle 0644 root root 1d 1 \n",
            1,
        ),
    ] {
        says(name, text, &[&format!("{line} net.ipv4.tcp_tw_recycle=1")]);
    }
    says(
        "tmpfiles.d/a.conf",
        "w /proc/sys/net/ipv4/tcp_rmem - - - - 1 2 3\n#w /proc/sys/net/ipv4/tcp_sack - - - - 0\n\
         w /proc/sys/net/ipv4/tcp_ecn - - -\nr /proc/sys/net/ipv4/tcp_dsack - - - - 1\n",
        &["1 net.ipv4.tcp_rmem=1 2 3", "2 net.ipv4.tcp_sack=0 #"],
    );
    // A loader passes over what is no assignment.
    let exec = "exec sysctl -w net.ipv4.tcp_tw_recycle=1\n";
    says("etc/sysctl.d/a.conf", exec, &[]);
    says("sysctl.conf.j2", exec, &[]);
}

#[test]
fn records_name_a_key_in_one_field_and_its_value_in_the_next() {
    let key = "net.ipv4.tcp_tw_recycle";
    for (name, text) in [
        ("a.tf", "sysctl { name = \"KEY\" value = \"1\" }\n"),
        (
            "a.tf",
            "systemControls = [{ namespace = \"KEY\", value = \"1\" }]\n",
        ),
        ("a.tf", "{ key = \"KEY\", value = \"1\" }\n"),
        ("a.tf", "sysctls = { \"KEY\" : 1 }\n"),
        ("a.ts", "const s = [{ name: \"KEY\", value: \"1\" }];\n"),
        ("a.ts", "{ \"name\": 'KEY', \"value\": 1 }\n"),
        ("a.go", "[]corev1.Sysctl{{Name: \"KEY\", Value: \"1\"}}\n"),
        ("a.py", "SystemControl(namespace=\"KEY\", value=\"1\")\n"),
        ("a.jsonnet", "{ sysctls: [{ name: 'KEY', value: '1' }] }\n"),
        ("a.toml", "[settings.kernel.sysctl] \n\"KEY\" = \"1\"\n"),
    ] {
        let found = assign::find(name, &text.replace("KEY", key));
        let found: Vec<_> = found.iter().map(|one| (&*one.key, &*one.value)).collect();
        assert_eq!(found, [(key, "1")], "{text}");
    }
    for (name, text) in [
        (
            "a.tf",
            "sysctl {\n  name  = \"net.ipv4.tcp_rmem\"\n  value = \"1 2 3\"\n}\n",
        ),
        (
            "a.toml",
            "[[sysctls]]\nname = \"net.ipv4.tcp_rmem\"\nvalue = \"1 2 3\"\n",
        ),
    ] {
        says(name, text, &["2 net.ipv4.tcp_rmem=1 2 3"]);
        assert_eq!(assign::find(name, text)[0].value_line, 3);
    }
    for text in [
        "{ title = \"net.ipv4.tcp_sack\", value = \"1\" }\n",
        "{ name = \"net.ipv4.tcp_sack\", about = \"1\" }\n",
        "name = net.ipv4.tcp_sack, value = 1\n",
        "{ name = \"net.ipv4.tcp_sack\" }\n",
    ] {
        says("a.tf", text, &[]);
    }
}

#[test]
fn what_is_still_to_be_filled_in_is_dynamic() {
    says(
        "sysctl.conf.in",
        "net.core.somaxconn = @SOMAXCONN@\nnet.ipv4.tcp_rmem = <min> <default> <max>\n",
        &[
            "1 net.core.somaxconn=@SOMAXCONN@ ~",
            "2 net.ipv4.tcp_rmem=<min> <default> <max> ~",
        ],
    );
    says(
        "x.yml",
        "sysctls:\n  net.core.somaxconn: \"{value}\"\n",
        &["2 net.core.somaxconn={value} ~"],
    );
}

#[test]
fn a_command_that_writes_and_has_no_sign_sets_nothing() {
    shell(
        "sysctl -w net.core.rps_sock_flow_entries 16384\n",
        &["1 net.core.rps_sock_flow_entries=16384 !blanks"],
    );
    shell("sysctl -n net.core.somaxconn 16384\n", &[]);
    page("```sh\nsysctl -qw net.core.netdev_budget <n>\n```\n", &[]);
}

#[test]
fn blanks_around_the_sign_are_a_flaw_of_the_command() {
    for text in [
        "sysctl -w net.ipv4.ip_local_port_range = 20000 60000",
        "sysctl -w net.ipv4.ip_local_port_range= 20000 60000",
        "sysctl -w net.ipv4.ip_local_port_range =20000 60000",
        "sysctl -w net.ipv4.ip_local_port_range=20000 60000",
    ] {
        shell(
            text,
            &["1 net.ipv4.ip_local_port_range=20000 60000 !blanks"],
        );
    }
}

#[test]
fn what_only_reads_or_tells_sets_nothing() {
    for text in [
        "sysctl net.ipv4.tcp_tw_recycle",
        "sysctl -n net.core.somaxconn",
        "sysctl -a | grep net.core",
        "cat /proc/sys/net/core/somaxconn",
        "[ $(cat /proc/sys/net/ipv4/ip_forward) = 1 ] && exit",
        "grep -q 'net.ipv4.ip_forward=1' /etc/sysctl.conf",
        "echo \"add net.ipv4.ip_forward=1 to sysctl.conf\"",
        "echo \"net.ipv4.ip_forward=1\" >&2",
        "die 'run sysctl -w net.ipv4.ip_forward=1 first'",
        "log_info \"net.ipv4.ip_forward = 1\"",
        "sed -i '/net.ipv4.tcp_tw_recycle/d' /etc/sysctl.conf",
        "sed -i 's/^net.ipv4.ip_forward/#net.ipv4.ip_forward/' /etc/sysctl.conf",
        "test -f /proc/sys/net/ipv4/tcp_sack",
        "usage() {\n  echo 'net.core.somaxconn=1'\n}",
    ] {
        shell(text, &[]);
    }
}

#[test]
fn comments_are_told_apart_from_what_is_set() {
    shell(
        "#!/bin/sh\n# sysctl -w net.ipv4.tcp_tw_recycle=1\n#net.core.somaxconn = 9\n# why net.ipv4.x = 1 is bad\n\
         # echo 1 > /proc/sys/net/ipv4/tcp_sack\nsysctl -w net.ipv4.tcp_sack=1 # net.ipv4.tcp_dsack=1\n",
        &[
            "2 net.ipv4.tcp_tw_recycle=1 #",
            "3 net.core.somaxconn=9 #",
            "5 net.ipv4.tcp_sack=1 #",
            "6 net.ipv4.tcp_sack=1",
        ],
    );
}

#[test]
fn echo_writes_lines_into_files() {
    for text in [
        "echo 'net.core.somaxconn = 4096' >> /etc/sysctl.conf",
        "echo net.core.somaxconn = 4096 >> /etc/sysctl.conf",
        "echo \"net.core.somaxconn=4096\" | sudo tee -a /etc/sysctl.d/x.conf > /dev/null",
        "grep -q somaxconn $F || echo net.core.somaxconn=4096 >>$F",
        "printf '%s = %d\\n' net.core.somaxconn 4096 > /etc/sysctl.d/x.conf",
        "printf 'net.core.somaxconn=4096\\n' >> f",
        "sudo bash -c 'echo net.core.somaxconn=4096 >> /etc/sysctl.conf'",
        "tee /etc/sysctl.d/x.conf <<< 'net.core.somaxconn = 4096'",
        "{ echo a; echo net.core.somaxconn=4096; } > /etc/sysctl.d/x.conf",
        "( echo 'net.core.somaxconn = 4096' ) | tee f",
        "sysctl -p <(echo net.core.somaxconn=4096)",
        "echo 'sysctl -w net.core.somaxconn=4096' >> /etc/rc.local",
    ] {
        shell(text, &["1 net.core.somaxconn=4096"]);
    }
}

#[test]
fn one_echo_may_write_many_lines() {
    shell(
        "echo \"fs.file-max = 1\\n\\\nnet.core.somaxconn = 8\\n\\\nnet.ipv4.tcp_rmem = 1 2 3\\n\\\n\" >> /etc/sysctl.conf\n",
        &["2 net.core.somaxconn=8", "3 net.ipv4.tcp_rmem=1 2 3"],
    );
    shell(
        "echo '# ours\nnet.core.somaxconn = 8\n#net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_sack = 1 # on' > f\n",
        &[
            "2 net.core.somaxconn=8",
            "3 net.ipv4.tcp_sack=0 #",
            "4 net.ipv4.tcp_sack=1 # on !trailing-comment",
        ],
    );
    shell(
        "echo -e \"net.core.somaxconn=8\\nnet.ipv4.tcp_sack=1\" > f",
        &["1 net.core.somaxconn=8", "1 net.ipv4.tcp_sack=1"],
    );
    shell(
        "printf '%s\\n' 'net.core.somaxconn=8' \\\n  'net.ipv4.tcp_sack=1' > f",
        &["1 net.core.somaxconn=8", "2 net.ipv4.tcp_sack=1"],
    );
}

#[test]
fn heredocs_come_in_every_order() {
    for head in [
        "cat <<EOF > /etc/sysctl.d/x.conf",
        "cat > /etc/sysctl.d/x.conf <<EOF",
        "cat >> /etc/sysctl.conf <<'EOF'",
        "cat <<\"EOF\" | sudo tee /etc/sysctl.d/x.conf >/dev/null",
        "sudo tee -a /etc/sysctl.conf <<EOF",
        "<<EOF cat >f",
        "cat <<EOF >f && sysctl -p f",
        "cat > $TMP <<-EOF",
        "sysctl -p - <<EOF",
        "ssh host 'cat > /etc/sysctl.conf' <<EOF",
    ] {
        shell(
            &format!(
                "{head}\n# ours\nnet.core.somaxconn = 8\n\tnet.ipv4.tcp_sack=1\nEOF\nsysctl -w net.core.rmem_max=2\n"
            ),
            &[
                "3 net.core.somaxconn=8",
                "4 net.ipv4.tcp_sack=1",
                "6 net.core.rmem_max=2",
            ],
        );
    }
}

#[test]
fn a_text_moved_later_counts_and_a_page_of_help_does_not() {
    shell(
        "cat > new <<E\nnet.core.somaxconn = 8\nE\nmv new /etc/sysctl.d/x.conf\n",
        &["2 net.core.somaxconn=8"],
    );
    shell(
        "cat <<E\nSet this:\nnet.core.somaxconn = 8\nthen reboot\nE\n",
        &[],
    );
}

#[test]
fn heredocs_hold_other_languages_too() {
    shell(
        "cat > /etc/systemd/system/x.service <<E\n[Service]\nExecStart=/sbin/sysctl -w net.core.somaxconn=8\nE\n",
        &["3 net.core.somaxconn=8"],
    );
    shell(
        "cat > /usr/local/bin/x <<'E'\n#!/bin/sh\necho 8 > /proc/sys/net/core/somaxconn\nE\n",
        &["3 net.core.somaxconn=8"],
    );
    shell(
        "sudo bash <<E\nsysctl -w net.core.somaxconn=8\nE\n",
        &["2 net.core.somaxconn=8"],
    );
}

#[test]
fn variables_are_dynamic_and_keep_their_names() {
    shell(
        "MAX=1\nsysctl -w net.core.rmem_max=$MAX\ncat > f <<E\nnet.ipv4.tcp_rmem = 4096 87380 ${MAX}\nE\n\
         echo \"net.core.wmem_max = $(nproc)\" >> f\nsysctl -w net.ipv4.conf.$DEV.rp_filter=0\n",
        &[
            "2 net.core.rmem_max=$MAX ~",
            "4 net.ipv4.tcp_rmem=4096 87380 ${MAX} ~",
            "6 net.core.wmem_max=$(nproc) ~",
            "7 net.ipv4.conf.$DEV.rp_filter=0 ~",
        ],
    );
}

#[test]
fn files_of_the_kernel_are_written_in_many_ways() {
    for text in [
        "echo 0 > /proc/sys/net/ipv4/tcp_sack",
        "echo -n \"0\" >/proc/sys/net/ipv4/tcp_sack",
        "echo 0 | sudo tee /proc/sys/net/ipv4/tcp_sack",
        "sudo sh -c 'echo 0 > /proc/sys/net/ipv4/tcp_sack'",
        "printf '%s' 0 > /proc/sys/net/ipv4/tcp_sack",
        "P=/proc/sys/net/ipv4; echo 0 > $P/tcp_sack",
        "cd /proc/sys/net/ipv4 && echo 0 > tcp_sack",
        "put() { echo \"$2\" > \"$1\"; }; put /proc/sys/net/ipv4/tcp_sack 0",
        "write /proc/sys/net/ipv4/tcp_sack 0",
        "set_param 0 /proc/sys/net/ipv4/tcp_sack",
        "set_sysctl net.ipv4.tcp_sack 0",
        "apply net.ipv4.tcp_sack=0",
        "[ -e /proc/sys/net/ipv4/tcp_sack ] && echo 0 > /proc/sys/net/ipv4/tcp_sack",
    ] {
        shell(text, &["1 net.ipv4.tcp_sack=0"]);
    }
}

#[test]
fn loops_set_every_key_they_go_over() {
    shell(
        "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do\n  echo 2 > $f\ndone\n",
        &["1 net.ipv4.conf.*.rp_filter=2"],
    );
    shell(
        "for k in tcp_sack \\\n  tcp_tw_recycle; do\n  echo 0 > /proc/sys/net/ipv4/${k}\ndone\n",
        &["1 net.ipv4.tcp_sack=0", "2 net.ipv4.tcp_tw_recycle=0"],
    );
    shell(
        "for k in net.core.rmem_max net.core.wmem_max; do sysctl -w \"$k=8\"; done\n",
        &["1 net.core.rmem_max=8", "1 net.core.wmem_max=8"],
    );
    shell(
        "ALL=(\n  net.core.rmem_max=8 # first\n  \"net.core.wmem_max=9\"\n)\nfor one in \"${ALL[@]}\"; do sysctl -w \"$one\"; done\n",
        &["2 net.core.rmem_max=8", "3 net.core.wmem_max=9"],
    );
    shell(
        "declare -A T=(\n  [net.core.rmem_max]=8\n  [\"net.ipv4.tcp_rmem\"]=\"1 2 3\"\n)\nT[net.core.wmem_max]=9\n",
        &[
            "2 net.core.rmem_max=8",
            "3 net.ipv4.tcp_rmem=1 2 3",
            "5 net.core.wmem_max=9",
        ],
    );
    let found = assign::find(
        "x.sh",
        "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do\n  echo 2 > $f\ndone\n",
    );
    assert_eq!((found[0].line, found[0].value_line), (1, 2));
}

#[test]
fn sed_sets_what_it_puts_in() {
    for text in [
        "sed -i 's/^net.ipv4.ip_forward.*/net.ipv4.ip_forward = 1/' /etc/sysctl.conf",
        "sed -i -e \"s|#net.ipv4.ip_forward=1|net.ipv4.ip_forward=1|g\" /etc/sysctl.conf",
        "sed -i 's/^#\\?\\(net\\.ipv4\\.ip_forward\\).*/\\1=1/' /etc/sysctl.conf",
        "sed -ri 's/#?(net\\.ipv4\\.ip_forward\\s*=\\s*).*/\\11/' /etc/sysctl.conf",
        "sed -i '/^#net.ipv4.ip_forward=1/s/^#//' /etc/sysctl.conf",
        "sed -i '/net.ipv4.ip_forward/c\\net.ipv4.ip_forward = 1' /etc/sysctl.conf",
        "sed -i '$a net.ipv4.ip_forward = 1' /etc/sysctl.conf",
        "perl -pi -e 's/net.ipv4.ip_forward=0/net.ipv4.ip_forward=1/' /etc/sysctl.conf",
    ] {
        shell(text, &["1 net.ipv4.ip_forward=1"]);
    }
}

#[test]
fn containers_take_sysctls_as_options() {
    for text in [
        "docker run -d --sysctl net.core.somaxconn=1024 --name x image",
        "podman run --sysctl=net.core.somaxconn=1024 image",
        "docker run \\\n --sysctl \"net.core.somaxconn=1024\" image",
    ] {
        let line = text.lines().count();
        shell(text, &[&format!("{line} net.core.somaxconn=1024")]);
    }
    says(
        "Dockerfile",
        "FROM x\nRUN sysctl -w net.core.somaxconn=8 && \\\n    # more\n    echo net.core.rmem_max=9 >> /etc/sysctl.conf\n\
         RUN <<EOF\necho net.core.wmem_max=7 >> f\nEOF\nCMD [\"sysctl\", \"-w\", \"net.ipv4.tcp_sack=1\"]\n",
        &[
            "2 net.core.somaxconn=8",
            "4 net.core.rmem_max=9",
            "6 net.core.wmem_max=7",
            "8 net.ipv4.tcp_sack=1",
        ],
    );
}

#[test]
fn units_set_what_they_execute() {
    says(
        "x.service",
        "[Service]\nExecStartPre=-/sbin/sysctl -w net.core.somaxconn=8\n#ExecStart=/sbin/sysctl -w net.core.rmem_max=1\n\
         ExecStart=/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_sack'\nExecStartPost=/sbin/sysctl \\\n  net.core.wmem_max=1\n",
        &[
            "2 net.core.somaxconn=8",
            "3 net.core.rmem_max=1 #",
            "4 net.ipv4.tcp_sack=1",
            "6 net.core.wmem_max=1",
        ],
    );
    says(
        "override.conf",
        "[Service]\nExecStartPre=/sbin/sysctl -w net.core.somaxconn=8\n",
        &["2 net.core.somaxconn=8"],
    );
}

#[test]
fn a_mark_before_a_command_is_a_prompt_where_no_command_goes_without() {
    page(
        "```\n# sysctl -w net.core.somaxconn=8\n```\n",
        &["2 net.core.somaxconn=8"],
    );
    page(
        "```\n# sysctl -w net.core.somaxconn=8\nsysctl -p\nsysctl -w net.core.rmem_max=1\n```\n",
        &["2 net.core.somaxconn=8 #", "4 net.core.rmem_max=1"],
    );
    page(
        "```\n[root@web ~]# sysctl -w net.core.somaxconn=8\n```\n",
        &["2 net.core.somaxconn=8"],
    );
}

#[test]
fn places_are_lines_and_characters() {
    let text = "é\necho \"# ü\\nnet.core.somaxconn = 8\" >> f\n";
    let found = assign::find("x.sh", text);
    assert_eq!((found[0].line, found[0].column), (2, 12));
    let found = assign::find("x.md", "ü `net.core.somaxconn=8`, `net.core.rmem_max=1`\n");
    assert_eq!((found[0].column, found[1].column), (4, 28));
}

#[test]
fn sed_spells_line_ends_out() {
    shell(
        "sed -i '$a\\net.ipv4.ip_forward = 1\\n\\n' /etc/sysctl.conf\nsed -i '1i net.ipv4.tcp_sack=1\\nnet.ipv4.tcp_ecn=0' /etc/sysctl.conf\n",
        &[
            "1 net.ipv4.ip_forward=1",
            "2 net.ipv4.tcp_sack=1",
            "2 net.ipv4.tcp_ecn=0",
        ],
    );
}

#[test]
fn words_hold_manifests() {
    shell(
        "kubectl patch deploy web -p '{\"spec\":{\"securityContext\":{\"sysctls\":[{\"name\":\"net.core.somaxconn\",\"value\":\"1024\"}]}}}'\nkubectl run p --image=b --overrides='{\"spec\":{\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_syncookies\",\"value\":\"0\"}]}}}'\noc patch ds/x --type=json -p '[{\"op\":\"add\",\"path\":\"/spec/securityContext/sysctls\",\"value\":[{\"name\":\"net.ipv4.tcp_keepalive_time\",\"value\":\"600\"}]}]'\n",
        &[
            "1 net.core.somaxconn=1024",
            "2 net.ipv4.tcp_syncookies=0",
            "3 net.ipv4.tcp_keepalive_time=600",
        ],
    );
    shell(
        "kubectl patch pod a --patch \"$(cat <<EOF\nspec:\n  securityContext:\n    sysctls:\n    - name: net.ipv4.tcp_fin_timeout\n      value: \"30\"\nEOF\n)\"\n",
        &["5 net.ipv4.tcp_fin_timeout=30"],
    );
    shell("echo '{sysctls {a'\n", &[]);
}
