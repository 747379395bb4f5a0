"""Runs a command on a pseudo-terminal for the programs beside it. Python 3, standard library only."""

import os
import pty
import select
import signal
import sys

SECONDS = 60


class Late(Exception):
    """The command has not ended in time."""


def late(_number, _frame):
    raise Late


def run(command, step):
    """Calls step(terminal, shown) whenever something was shown and every tenth of a second; then tells what was shown and `exit CODE`.

    A command that has not ended in time is killed; then `late` is told in the place of `exit CODE`, and 1 is the exit code.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown = b""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        while True:
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
        signal.alarm(0)
        told = f"exit {os.waitstatus_to_exitcode(status)}"
    except Late:
        # It leads the session of its terminal: what it started goes with it.
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = f"late: it did not end within {SECONDS} s"
    sys.stdout.write(shown.decode(errors="replace"))
    print(told)
    sys.exit(told.startswith("late"))
