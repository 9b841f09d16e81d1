# `ansible-test` makes its environments without pip and asks a server of its own for a script like this one.
# Python brings pip along; the version that is asked for comes from the package index, as everything else.

import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install", *words])
