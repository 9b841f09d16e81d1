# Copyright: the tcptune authors
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations


class ModuleDocFragment:
    """What both modules take."""

    DOCUMENTATION = r"""
options:
  program:
    description:
      - The program on the managed host, by name or path.
    type: str
    default: tcptune
  profile:
    description:
      - The role of the host, a built-in profile or one of the site by name, or the path of a file on
        the managed host.
    type: str
  config:
    description:
      - The folder of the site's own files on the managed host.
      - Without it, C(/etc/tcptune).
    type: path
  rules:
    description:
      - Folders with further rules on the managed host. They lie over all others.
    type: list
    elements: path
    default: []
  select:
    description:
      - Judge only these rules, by id, mechanism or severity.
    type: list
    elements: str
    default: []
  ignore:
    description:
      - Leave these rules out, by id, mechanism or severity.
    type: list
    elements: str
    default: []
  interval:
    description:
      - Seconds between the two samples that counters are judged over. V(0) takes one sample, which is
        enough where only settings matter.
      - Without it, the program's own, one second.
    type: float
  netns:
    description:
      - Another network namespace, by its name of C(ip netns) or its path.
    type: str
requirements:
  - tcptune on the managed host
"""
