# Copyright: the tcptune authors
# SPDX-License-Identifier: MIT OR Apache-2.0

"""The installed program: its command lines, its JSON, its own words when it refuses."""

from __future__ import annotations

import json

# Where a package or an administrator puts it, whatever PATH the connection has.
FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]

# What both modules take.
OPTIONS = {
    "program": {"type": "str", "default": "tcptune"},
    "profile": {"type": "str"},
    "config": {"type": "path"},
    "rules": {"type": "list", "elements": "path", "default": []},
    "select": {"type": "list", "elements": "str", "default": []},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "interval": {"type": "float"},
    "netns": {"type": "str"},
}


def words_of(params):
    """The options of both modules, as the program takes them."""
    words = []
    for name in ("profile", "config", "netns", "interval"):
        if params[name] is not None:
            words.append("--%s=%s" % (name, params[name]))
    words.extend("--rules=%s" % folder for folder in params["rules"])
    for name in ("select", "ignore"):
        if params[name]:
            words.append("--%s=%s" % (name, ",".join(params[name])))
    return words


class Answer:
    """What one run of the program said."""

    def __init__(self, code, document, error):
        self.code = code
        # The JSON it printed; None when it printed none.
        self.document = document
        # Its message on the error stream, without warnings.
        self.error = error


class Program:
    """The program on this host."""

    def __init__(self, module):
        self.module = module
        name = module.params["program"]
        self.path = module.get_bin_path(name, opt_dirs=FOLDERS)
        if self.path is None:
            module.fail_json(
                msg="%s is not installed on this host: install its package, or name it by `program`" % name
            )

    def ask(self, words, schema):
        """Runs the program and reads its answer in the format of this name."""
        command = [self.path] + words + ["--format=json"]
        code, said, complaint = self.module.run_command(command)
        error, warnings = told_apart(complaint)
        for warning in warnings:
            self.module.warn(warning)
        document = None
        if said.strip():
            try:
                document = json.loads(said)
            except ValueError as why:
                self.module.fail_json(msg="%s did not answer in JSON: %s" % (self.path, why), exit_code=code)
            if not isinstance(document, dict) or document.get("schema") != schema:
                self.module.fail_json(
                    msg="%s does not answer in the format %s: another version?" % (self.path, schema), exit_code=code
                )
        if document is None and not error:
            error = "%s ended with %s and said nothing" % (" ".join(command), ended(code))
        return Answer(code, document, error)


def ended(code):
    """An exit code, or the signal behind it."""
    return "signal %d" % -code if code < 0 else "exit code %d" % code


def told_apart(complaint):
    """The error and the warnings of the program's error stream; lines that go on are indented."""
    blocks = []
    for line in complaint.splitlines():
        if line.startswith("warning: ") or not blocks or (blocks[-1].startswith("warning: ") and not line.startswith(" ")):
            blocks.append(line)
        else:
            blocks[-1] += "\n" + line
    warnings = [block[len("warning: "):] for block in blocks if block.startswith("warning: ")]
    error = "\n".join(block for block in blocks if not block.startswith("warning: ")).strip()
    if error.startswith("error: "):
        error = error[len("error: "):]
    return error, warnings
