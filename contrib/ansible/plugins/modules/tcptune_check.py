#!/usr/bin/python
# Copyright: the tcptune authors
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: tcptune_check
short_description: Audit a host's TCP/IP settings with evidence from its own kernel counters
version_added: "0.1.0"
author:
  - The tcptune authors (!UNKNOWN)
description:
  - Runs C(tcptune check) on the managed host and returns its report.
  - Changes nothing, and never reports a change.
extends_documentation_fragment:
  - tcptune.tcptune.program
options:
  fail_on:
    description:
      - Fail from this severity on.
      - With V(none) whatever is found is returned, and C(failed_when) of the task can decide.
    type: str
    choices: [none, info, low, medium, high]
    default: none
attributes:
  check_mode:
    description: Looks in check mode as it does otherwise.
    support: full
  diff_mode:
    description: There is nothing to show, as nothing is changed.
    support: none
seealso:
  - module: tcptune.tcptune.tcptune_apply
"""

EXAMPLES = r"""
- name: Look at a host
  tcptune.tcptune.tcptune_check:
  register: audit

- name: Stop the play where connections are being lost
  tcptune.tcptune.tcptune_check:
    profile: proxy
    fail_on: high
    ignore: [hygiene]

- name: Let one rule decide
  tcptune.tcptune.tcptune_check:
    select: [accept-queue]
  register: audit
  failed_when: "'accept-queue-overflow' in (audit.findings | map(attribute='rule'))"
"""

RETURN = r"""
findings:
  description: What fires, one entry a rule, as in the report.
  returned: when the host was judged
  type: list
  elements: dict
  sample: [{"rule": "syncookies-off", "severity": "high", "period": "now"}]
summary:
  description: How many rules ended in which way.
  returned: when the host was judged
  type: dict
  sample: {"high": 1, "medium": 0, "low": 0, "info": 0, "past": 0, "waived": 0, "holds": 58, "unknown": 2, "not_applicable": 1}
wanted:
  description: What the profile wants and the host does not have.
  returned: when the host was judged
  type: list
  elements: dict
  sample: []
report:
  description: The whole report; C(tcptune schema report) describes it.
  returned: when the host was judged
  type: dict
  sample: {"schema": "tcptune.report/1"}
exit_code:
  description: The exit code of the program.
  returned: when the program was run
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tcptune.tcptune.plugins.module_utils.program import OPTIONS, Program, words_of

SCHEMA = "tcptune.report/1"

SEVERITIES = ["none", "info", "low", "medium", "high"]


def main():
    options = dict(OPTIONS, fail_on={"type": "str", "choices": SEVERITIES, "default": "none"})
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    fail_on = module.params["fail_on"]
    answer = Program(module).ask(["check", "--fail-on=%s" % fail_on] + words_of(module.params), SCHEMA)
    if answer.document is None:
        module.fail_json(msg=answer.error, exit_code=answer.code)
    report = answer.document
    result = {
        "changed": False,
        "report": report,
        "findings": report["findings"],
        "summary": report["summary"],
        "wanted": report["wanted"],
        "exit_code": answer.code,
    }
    if answer.code == 0:
        module.exit_json(**result)
    counts = SEVERITIES[SEVERITIES.index(fail_on):]
    found = [one for one in report["findings"] if one["severity"] in counts and not one["waived"]]
    named = ", ".join("%s (%s)" % (one["rule"], one["severity"]) for one in found)
    module.fail_json(msg="findings at or above %s: %s" % (fail_on, named), **result)


if __name__ == "__main__":
    main()
