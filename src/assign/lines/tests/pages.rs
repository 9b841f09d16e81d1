//! Pages: prose, fences, tables, HTML, and code of other languages.

use super::{page, says, shell};

#[test]
fn what_a_command_has_shown_is_no_advice() {
    for text in [
        "```sh\nsysctl net.core.dev_weight\nnet.core.dev_weight = 64\n```\n",
        "```shell\nsysctl net.core.dev_weight\n\nnet.core.dev_weight = 64\n```\n",
        "```bash\n$ sysctl -a | grep keepalive\n\nnet.ipv4.tcp_keepalive_intvl = 75\nnet.ipv4.tcp_keepalive_time = 7200\n```\n",
        "```bash\nme@web-1:~$ sysctl net.core.dev_weight\nnet.core.dev_weight = 64\n```\n",
        "See:\n\n    # sysctl net.core.dev_weight\n    net.core.dev_weight: 64\n",
        "\tme@web-1:~$ sysctl net.core.dev_weight\n\tnet.core.dev_weight = 64\n",
    ] {
        page(text, &[]);
    }
    page(
        "```sh\n$ sudo sysctl -w net.core.dev_weight=128\nnet.core.dev_weight = 128\n```\n",
        &["2 net.core.dev_weight=128"],
    );
    page(
        "```sh\nsysctl net.core.dev_weight\n\nvi /etc/sysctl.conf\nnet.core.dev_weight = 64\n```\n",
        &["5 net.core.dev_weight=64"],
    );
    shell(
        "sysctl net.core.dev_weight\nsysctl -w net.core.dev_weight=64 # root@web\n",
        &["2 net.core.dev_weight=64"],
    );
}

#[test]
fn code_of_other_languages_is_read_without_a_fence_too() {
    page(
        "One:\n\n    sysctl { 'net.core.somaxconn':\n      ensure => present,\n      value  => '512',\n    }\n\nOther:\n\n    sysctl 'net.core.dev_weight' do\n      value 64\n    end\n",
        &["3 net.core.somaxconn=512", "10 net.core.dev_weight=64"],
    );
    page(
        "```\nsysctl::value { \"net.core.somaxconn\": value => 512 }\n```\n",
        &["2 net.core.somaxconn=512"],
    );
}

#[test]
fn files_of_the_kernel_are_no_keys() {
    page(
        "| part | file | value |\n|---|---|---|\n| TCP | `net/ipv4/tcp_input.c` | `one`, `two` |\n| x | net.core.x | `a`, `b` |\n",
        &[],
    );
}

#[test]
fn programs_write_files_and_run_commands() {
    says(
        "set.rs",
        "put_file(\n    b\"/proc/sys/net/ipv4/tcp_sack\\0\" as *const u8,\n    b\"1\",\n);\n",
        &["2 net.ipv4.tcp_sack=1"],
    );
    says(
        "tune.py",
        "os.system(\"sysctl -w net.ipv4.tcp_wmem=\\\"%d %d %d\\\"\" % sizes)\n\
         os.system('sysctl -w net.core.rmem_max=%d' % size)\n\
         run([\"sysctl\", \"-w\", f\"net.core.wmem_max={size}\"])\n\
         run(\"sysctl -w net.core.somaxconn=\" + str(queue))\n\
         log.info(\"net.core.rmem_max=%d is too small\", size)\n\
         with open('/proc/sys/net/ipv4/tcp_sack', 'w') as file:\n    file.write('0')\n\
         if open('/proc/sys/net/ipv4/tcp_sack').read() == '0': pass\n",
        &[
            "1 net.ipv4.tcp_wmem=%d %d %d ~",
            "2 net.core.rmem_max=%d ~",
            "3 net.core.wmem_max={size} ~",
            "4 net.core.somaxconn=str(queue) ~",
            "6 net.ipv4.tcp_sack=0",
        ],
    );
}

#[test]
fn code_that_is_indented_has_comments_and_no_headings() {
    page(
        "Add:\n\n    # net.core.dev_weight = 64\n    net.core.somaxconn = 512\n\n    # sysctl -p\n",
        &["3 net.core.dev_weight=64 #", "4 net.core.somaxconn=512"],
    );
}

#[test]
fn a_sentence_behind_a_value_is_no_part_of_it() {
    page(
        "net.ipv4.tcp_sack = 1 turns it on\n",
        &["1 net.ipv4.tcp_sack=1"],
    );
    says(
        "notes.txt",
        "net.ipv4.tcp_sack = 1 打开，默认为1；\n",
        &["1 net.ipv4.tcp_sack=1"],
    );
    says(
        "notes.txt",
        "net.ipv4.tcp_rmem = 4096 131072 6291456\nnet.ipv4.tcp_congestion_control = bbr is what we use\n",
        &[
            "1 net.ipv4.tcp_rmem=4096 131072 6291456",
            "2 net.ipv4.tcp_congestion_control=bbr",
        ],
    );
    // A loader takes the whole line.
    says(
        "90-net.conf",
        "net.ipv4.tcp_sack = 1 on\n",
        &["1 net.ipv4.tcp_sack=1 on"],
    );
}

#[test]
fn how_to_take_a_change_back_is_no_advice_to_make_it() {
    page(
        "    by hand  sudo sysctl -w net.core.somaxconn=4096\n    undo     sudo sysctl -w net.core.somaxconn=128\n",
        &["1 net.core.somaxconn=4096"],
    );
}

#[test]
fn fences_are_read_by_what_stands_in_them() {
    page(
        "# Tune\n\n```bash\nnet.ipv4.tcp_sack = 1 # on\n$ sysctl -w net.core.somaxconn=8\n```\n\n  ```\n  net.core.rmem_max=1\n  \
         echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse\n  ```\n\n~~~ini\n#net.core.wmem_max = 2\n~~~\n",
        &[
            "4 net.ipv4.tcp_sack=1 # on !trailing-comment",
            "5 net.core.somaxconn=8",
            "9 net.core.rmem_max=1",
            "10 net.ipv4.tcp_tw_reuse=1",
            "14 net.core.wmem_max=2 #",
        ],
    );
    page(
        "```diff\n-net.core.somaxconn = 1\n+net.core.somaxconn = 8\n```\n",
        &["3 net.core.somaxconn=8"],
    );
}

#[test]
fn what_a_command_has_shown_is_not_set() {
    page(
        "```\n$ sysctl net.core.somaxconn\nnet.core.somaxconn = 128\n```\n",
        &[],
    );
    page(
        "```console\n# sysctl -w net.core.somaxconn=8\nnet.core.somaxconn = 8\n```\n",
        &["2 net.core.somaxconn=8"],
    );
}

#[test]
fn sentences_tables_and_code_in_them_are_read() {
    page(
        "Set `net.ipv4.tcp_rmem=4096 87380 6291456` now.\n",
        &["1 net.ipv4.tcp_rmem=4096 87380 6291456"],
    );
    page(
        "- net.core.somaxconn = 1024, and more.\n",
        &["1 net.core.somaxconn=1024"],
    );
    page(
        "开启 net.ipv4.tcp_tw_recycle = 1。默认为0\n",
        &["1 net.ipv4.tcp_tw_recycle=1"],
    );
    page(
        "Run `echo 1 > /proc/sys/net/ipv4/tcp_tw_recycle`.\n",
        &["1 net.ipv4.tcp_tw_recycle=1"],
    );
    page(
        "`sysctl -w net.ipv4.tcp_tw_recycle = 1`\n",
        &["1 net.ipv4.tcp_tw_recycle=1 !blanks"],
    );
    page(
        "| Key | Default | Recommended |\n|---|---|---|\n| `net.core.somaxconn` | 128 | 1024 |\n",
        &["3 net.core.somaxconn=1024"],
    );
    page(
        "| Key | Default |\n|---|---|\n| net.core.somaxconn | 128 |\n",
        &[],
    );
    page(
        "|net.ipv4.tcp_rmem|4096 87380 6291456|\n",
        &["1 net.ipv4.tcp_rmem=4096 87380 6291456"],
    );
    for text in [
        "The key net.ipv4.tcp_tw_recycle was removed.",
        "error: \"net.ipv4.tcp_tw_recycle\" is an unknown key",
        "if net.core.somaxconn == 128, raise it",
        "net.core.somaxconn: the length of the queue",
        "`net.core.somaxconn=<value>`",
        "allowed: [\"net.core.somaxconn\", \"net.ipv4.tcp_sack\"]",
        "see https://example.net/net.html?net.x",
    ] {
        page(text, &[]);
    }
}

#[test]
fn pages_of_html_are_read_without_their_tags() {
    says(
        "page.html",
        "<html><style>a{b:c}</style><p>Set <code>net.core.somaxconn=8</code>.</p>\n<pre><span>net.ipv4.tcp_rmem</span> = \
         4096 87380&nbsp;6291456<br>echo 1 &gt; /proc/sys/net/ipv4/tcp_sack\n</pre><!-- net.core.rmem_max = 1 -->\n\
         <table><tr><td>net.core.wmem_max</td><td>7</td></tr></table>",
        &[
            "1 net.core.somaxconn=8",
            "2 net.ipv4.tcp_rmem=4096 87380 6291456",
            "2 net.ipv4.tcp_sack=1",
            "4 net.core.wmem_max=7",
        ],
    );
}

#[test]
fn languages_that_are_not_known_are_read_line_by_line() {
    says(
        "x.py",
        "run([\"sysctl\", \"-w\", \"net.core.somaxconn=8\"])\nCONF = \"net.core.rmem_max=1\\nnet.core.wmem_max=2\\n\"\n\
         T = {\"net.ipv4.tcp_sack\": \"1\", 'net.ipv4.tcp_rmem': '1 2 3'}\n# net.ipv4.tcp_dsack = 1\n",
        &[
            "1 net.core.somaxconn=8",
            "2 net.core.rmem_max=1",
            "2 net.core.wmem_max=2",
            "3 net.ipv4.tcp_sack=1",
            "3 net.ipv4.tcp_rmem=1 2 3",
            "4 net.ipv4.tcp_dsack=1 #",
        ],
    );
}
