"""Runs a command on a pseudo-terminal and presses Ctrl-C: press.py PRESSES PROCESS COMMAND...

The first press comes once a process with PROCESS in its command line runs, the second half a second later.
Writes what the terminal showed and then `exit CODE`. Python 3, standard library only.
"""

import os
import sys
import time

from terminal import run

presses, wanted = int(sys.argv[1]), sys.argv[2]
pressed_at = 0.0


def runs():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if wanted in line and "press.py" not in line:
            return True
    return False


def press(terminal, _shown):
    global presses, pressed_at
    now = time.monotonic()
    if presses > 0 and now - pressed_at > 0.5 and (pressed_at > 0 or runs()):
        os.write(terminal, b"\x03")
        presses -= 1
        pressed_at = now


run(sys.argv[3:], press)
