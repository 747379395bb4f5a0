"""Runs a command on a pseudo-terminal for the programs beside it. Python 3, standard library only."""

import os
import pty
import select
import sys
import time


def run(command, step):
    """Calls step(terminal, shown) whenever something was shown and every tenth of a second; then tells what was shown and `exit CODE`."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        step(terminal, shown)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(shown.decode(errors="replace"))
    print(f"exit {os.waitstatus_to_exitcode(status)}")
