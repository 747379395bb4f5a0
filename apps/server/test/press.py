"""Runs a command on a pseudo-terminal and presses Ctrl-C: press.py PRESSES PROCESS COMMAND...

The first press comes once a process with PROCESS in its command line runs, the second half a second later.
Writes what the terminal showed and then `exit CODE`. Python 3, standard library only.
"""

import os
import pty
import select
import sys
import time

presses, wanted, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]


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


child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)

shown = b""
pressed_at = 0.0
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
    now = time.monotonic()
    if presses > 0 and now - pressed_at > 0.5 and (pressed_at > 0 or runs()):
        os.write(terminal, b"\x03")
        presses -= 1
        pressed_at = now

_, status = os.waitpid(child, 0)
sys.stdout.write(shown.decode(errors="replace"))
print(f"exit {os.waitstatus_to_exitcode(status)}")
