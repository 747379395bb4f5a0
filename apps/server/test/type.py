"""Runs a command on a pseudo-terminal and types at prompts: type.py PAIRS COMMAND...

PAIRS is JSON, [[prompt, keys], …]: once the prompt is shown, the keys are typed. Writes what the terminal showed and then
`exit CODE`. Python 3, standard library only.
"""

import json
import os
import pty
import select
import sys
import time

pairs, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)

shown = b""
seen = 0
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
    if pairs and (at := shown.find(pairs[0][0].encode(), seen)) >= 0:
        seen = at + len(pairs[0][0].encode())
        os.write(terminal, pairs.pop(0)[1].encode())

_, status = os.waitpid(child, 0)
sys.stdout.write(shown.decode(errors="replace"))
print(f"exit {os.waitstatus_to_exitcode(status)}")
