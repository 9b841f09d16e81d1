#!/usr/bin/python
# Copyright: the tcptune authors
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: tcptune_apply
short_description: Bring a host's TCP/IP settings to what its role and its rules want
version_added: "0.1.0"
author:
  - The tcptune authors (!UNKNOWN)
description:
  - Runs C(tcptune apply) on the managed host. Values are written to the running kernel and read back, and to
    C(/etc/sysctl.d/60-tcptune.conf), so that they last. Either all of it is done, or the host is as before.
  - A second run finds nothing to do.
  - Where a crash cut an earlier apply short, that one is taken back first.
extends_documentation_fragment:
  - tcptune.tcptune.program
options:
  state:
    description:
      - V(present) makes the changes.
      - V(confirmed) keeps an apply that waits, see O(confirm).
      - V(rolled_back) takes an apply back.
    type: str
    choices: [present, confirmed, rolled_back]
    default: present
  plan:
    description:
      - The path, on the managed host, of a plan that C(tcptune apply --plan-out) wrote and a person reviewed.
        Exactly its changes are made, and none when the host is no longer as the plan found it.
    type: path
  accept:
    description:
      - Which changes to make. V(setting) is what profiles and rules about values want, which is the same on
        two hosts of one role. V(all) adds what rests on a symptom of this host. A plan is made as it is.
    type: str
    choices: [setting, all]
    default: setting
  live_only:
    description:
      - Change the running kernel only. The next boot brings back what the files say.
    type: bool
    default: false
  confirm:
    description:
      - Take the values back after so many seconds unless the task is followed by one with O(state=confirmed).
        A host that can no longer be reached repairs itself.
    type: int
  id:
    description:
      - The number of the apply, as an earlier task returned it, for O(state=confirmed) and O(state=rolled_back).
      - Without it, the one that waits; or the newest that stands. Taking back without a number is not
        idempotent, as a second run takes back the one before.
    type: int
  repair:
    description:
      - Take back what a crash left half done before anything else is changed. Otherwise the task fails then.
    type: bool
    default: true
attributes:
  check_mode:
    description: Tells what would be changed, and changes nothing.
    support: full
  diff_mode:
    description: Shows the text of the drop-in, and the values of the running kernel as if they were a file.
    support: full
seealso:
  - module: tcptune.tcptune.tcptune_check
"""

EXAMPLES = r"""
- name: Make the settings of a role
  tcptune.tcptune.tcptune_apply:
    profile: proxy

- name: Make the changes that were reviewed
  tcptune.tcptune.tcptune_apply:
    plan: /root/tcptune.plan

- name: Change values, and take them back where the service suffers
  block:
    - name: Make the settings
      tcptune.tcptune.tcptune_apply:
        profile: server
      register: applied
    - name: Ask the service
      ansible.builtin.uri:
        url: http://localhost/health
  rescue:
    - name: Take back what this play did
      tcptune.tcptune.tcptune_apply:
        state: rolled_back
        id: "{{ applied.id }}"
      when: applied.id is defined and applied.id
"""

RETURN = r"""
outcome:
  description: How it ended, in the program's word.
  returned: when the program answered
  type: str
  sample: committed
id:
  description: The number of the apply; null when nothing was to be done.
  returned: when the program answered
  type: int
  sample: 3
changes:
  description: The changes, in the order they are written.
  returned: when the program answered
  type: list
  elements: dict
  sample: [{"key": "net.core.somaxconn", "before": "128", "after": "4096"}]
not_done:
  description: What was wanted and is not done, with the reason.
  returned: when the program answered
  type: list
  elements: dict
  sample: []
undo:
  description: The command that takes it back.
  returned: when there is something to take back
  type: str
  sample: sudo tcptune rollback 3
repaired:
  description: The numbers of the applies that a crash had cut short and that were taken back first.
  returned: when the state is present
  type: list
  elements: int
  sample: []
report:
  description: The whole answer; C(tcptune schema apply) describes it.
  returned: when the program answered
  type: dict
  sample: {"schema": "tcptune.apply/1"}
exit_code:
  description: >-
    The exit code of the program. 3, refused, and 6, another run holds the lock, and 2, wrong usage: nothing was changed.
    4: something failed and everything is as before. 5: a person has to look at the host.
  returned: when the program was run
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tcptune.tcptune.plugins.module_utils.program import OPTIONS, Program, words_of

SCHEMA = "tcptune.apply/1"
HISTORY = "tcptune.history/1"

# A plan says itself what is changed; the program refuses these beside it.
BESIDE_NO_PLAN = ["profile", "config", "rules", "select", "ignore", "live_only"]


def value(text):
    """A value of several numbers, as people write it."""
    return " ".join(text.split())


def lines_of(changes, side):
    return "".join("%s = %s\n" % (one["key"], value(one[side])) for one in changes)


def diff_of(report, back=False):
    """The drop-in, and the live values as if they were a file; the way back, or there."""
    parts = []
    if report.get("dropin"):
        parts.append(
            {
                "before_header": report["dropin"],
                "after_header": report["dropin"],
                "before": report["dropin_before"] or "",
                "after": report["dropin_after"] or "",
            }
        )
    before, after = ("after", "before") if back else ("before", "after")
    # What a newer apply has set stays.
    changes = [one for one in report["changes"] if not back or one["undone"] in (None, "as before")]
    parts.append(
        {
            "before_header": "live values",
            "after_header": "live values",
            "before": lines_of(changes, before),
            "after": lines_of(changes, after),
        }
    )
    return parts


def why_of(report):
    """What went wrong, in the program's words."""
    name = "the apply" if report["id"] is None else "apply %d" % report["id"]
    if report["outcome"] == "taken_back":
        words = ["%s failed, and everything is as before" % name]
    elif report["outcome"] == "not_confirmed":
        words = ["%s was not confirmed in time, and was taken back" % name]
    else:
        words = ["%s is incomplete: a person has to look" % name]
        words.extend("%s %s" % (one["key"], one["undone"]) for one in report["changes"] if one["needs_a_person"])
    return "; ".join(words + report["faults"] + report["notes"])


class Apply:
    """One task."""

    def __init__(self, module):
        self.module = module
        self.program = Program(module)
        self.result = {"changed": False}

    def end(self, answer, done, back=False):
        """Ends the task with the program's answer; `done` are the outcomes that are a change."""
        report = answer.document
        self.result["exit_code"] = answer.code
        if report is None:
            self.module.fail_json(msg=answer.error, **self.result)
        for name in ("outcome", "id", "changes", "not_done", "undo"):
            self.result[name] = report[name]
        self.result["report"] = report
        if report["outcome"] in ("taken_back", "not_confirmed", "diverged"):
            self.result["changed"] = self.result["changed"] or report["outcome"] != "taken_back"
            self.module.fail_json(msg=why_of(report), **self.result)
        if report["outcome"] in done:
            self.result.update(changed=True, diff=diff_of(report, back))
        self.module.exit_json(**self.result)

    def history(self):
        """The applies of this host, newest first."""
        answer = self.program.ask(["history"], HISTORY)
        if answer.document is None:
            self.module.fail_json(msg=answer.error, exit_code=answer.code)
        if answer.document["problems"]:
            self.module.fail_json(msg="; ".join(answer.document["problems"]), exit_code=answer.code)
        return answer.document["applies"]

    def place(self):
        netns = self.module.params["netns"]
        return [] if netns is None else ["--netns=%s" % netns]

    def repair(self):
        """Takes back what a crash left half done."""
        repaired = self.result["repaired"] = []
        if not self.module.params["repair"]:
            return
        for one in self.history():
            if one["closed_by"] != "rollback":
                continue
            if not self.module.check_mode:
                answer = self.program.ask(["rollback", str(one["id"])] + self.place(), SCHEMA)
                if answer.document is None or answer.code != 0:
                    why = answer.error if answer.document is None else why_of(answer.document)
                    self.module.fail_json(
                        msg="apply %d %s, and is not taken back: %s" % (one["id"], said_of(one), why),
                        exit_code=answer.code,
                        **self.result
                    )
            repaired.append(one["id"])
            self.result["changed"] = True

    def make(self):
        params = self.module.params
        self.repair()
        words = ["apply"]
        if params["plan"] is None:
            words.extend(["--yes", "--accept=%s" % params["accept"]])
            words.extend(["--live-only"] if params["live_only"] else [])
        else:
            words.append("--plan=%s" % params["plan"])
        words.extend(words_of(params))
        if self.module.check_mode:
            self.end(self.program.ask(words + ["--dry-run"], SCHEMA), ("planned",))
        if params["confirm"]:
            words.append("--confirm=%d" % params["confirm"])
        self.end(self.program.ask(words, SCHEMA), ("committed", "waiting"))

    def numbered(self, word):
        number = self.module.params["id"]
        return [word] + ([] if number is None else [str(number)]) + self.place()

    def confirm(self):
        if self.module.check_mode:
            self.foresee("waiting", self.chosen(lambda one: one["closed_by"] == "confirm"))
        self.end(self.program.ask(self.numbered("confirm"), SCHEMA), ("committed",))

    def roll_back(self):
        if self.module.check_mode:
            self.foresee("rolled_back", self.chosen(stands_here))
        self.end(self.program.ask(self.numbered("rollback"), SCHEMA), ("rolled_back",), back=True)

    def chosen(self, fits):
        """The apply that the program would act on; None when there is none."""
        number = self.module.params["id"]
        for one in self.history():
            if (number is None or one["id"] == number) and fits(one):
                return one
        return None

    def foresee(self, outcome, one):
        """Ends a task in check mode by what the history tells."""
        if one is None:
            self.module.exit_json(outcome="nothing_to_do", id=None, **self.result)
        if outcome == "rolled_back":
            self.result["diff"] = diff_of(one, back=True)
        self.result["changed"] = True
        self.module.exit_json(outcome="planned", id=one["id"], changes=one["changes"], **self.result)


def said_of(one):
    opened = one["open"] or "is open"
    return opened[len("it "):] if opened.startswith("it ") else opened


def stands_here(one):
    here = one["this_netns"] if one["this_boot"] else one["lasting"]
    return one["state"] != "rolled back" and here


def main():
    options = dict(
        OPTIONS,
        state={"type": "str", "choices": ["present", "confirmed", "rolled_back"], "default": "present"},
        plan={"type": "path"},
        accept={"type": "str", "choices": ["setting", "all"], "default": "setting"},
        live_only={"type": "bool", "default": False},
        confirm={"type": "int"},
        id={"type": "int"},
        repair={"type": "bool", "default": True},
    )
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    params = module.params
    beside = [name for name in BESIDE_NO_PLAN if params["plan"] is not None and params[name]]
    if beside:
        module.fail_json(msg="plan says itself what is changed: leave out %s" % ", ".join(beside))
    if params["id"] is not None and params["state"] == "present":
        module.fail_json(msg="id is for the states confirmed and rolled_back")
    task = Apply(module)
    if params["state"] == "present":
        task.make()
    elif params["state"] == "confirmed":
        task.confirm()
    else:
        task.roll_back()


if __name__ == "__main__":
    main()
