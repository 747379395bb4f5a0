"""Runs a command on a pseudo-terminal and types at prompts: type.py PAIRS COMMAND...

PAIRS is JSON, [[prompt, keys], …]: once the prompt is shown, the keys are typed. Writes what the terminal showed and then
`exit CODE`. Python 3, standard library only.
"""

import json
import os
import sys

from terminal import run

pairs = json.loads(sys.argv[1])
seen = 0


def answer(terminal, shown):
    global seen
    if pairs and (at := shown.find(pairs[0][0].encode(), seen)) >= 0:
        seen = at + len(pairs[0][0].encode())
        os.write(terminal, pairs.pop(0)[1].encode())


run(sys.argv[2:], answer)
