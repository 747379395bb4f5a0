"""Starts a shell on a pseudo-terminal and completes lines in it: complete.py PAIRS COMMAND...

PAIRS is JSON, [[text, keys], …]: once the text is shown after what came before, the keys are typed. Writes what the terminal
showed and then `exit CODE`. Python 3, standard library only.
"""

import fcntl
import json
import os
import struct
import sys
import termios

import terminal as pseudo

pairs = json.loads(sys.argv[1])
seen = 0
sized = False


def step(terminal, shown):
    global seen, sized
    if not sized:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        sized = True
    if pairs and (at := shown.find(pairs[0][0].encode(), seen)) >= 0:
        seen = at + len(pairs[0][0].encode())
        os.write(terminal, pairs.pop(0)[1].encode())


# Each completion starts the command, and there are several.
pseudo.SECONDS = 240
pseudo.run(sys.argv[2:], step)
