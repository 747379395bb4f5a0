// Runs inside, alone: tries every way out and writes one line of JSON for each, then leaves a process behind.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Absent, targetsFrom } from './targets.ts'
import { TRIES } from './tries.ts'
import { WAY_TRIES } from './try-way-out.ts'

// From a file: what a process is called with can be read by others, and one try looks there.
const targets = targetsFrom(readFileSync(process.argv[2] ?? '', 'utf8'))

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const wayIsOpen = process.argv[3] === 'way'
for (const [id, tried] of Object.entries(wayIsOpen ? WAY_TRIES : TRIES)) {
  try {
    const got = await tried.run(targets)
    say(got === undefined ? { id, got: 'nothing' } : { id, got: 'through', detail: got.slice(0, 200) })
  } catch (error) {
    if (error instanceof Absent) say({ id, got: 'absent', detail: error.message })
    // A system that says no in another way says no.
    else say({ id, got: 'nothing' })
  }
}

if (!wayIsOpen) {
  // Away from its session and its parents: what lives on is seen outside by what it writes.
  const left = `setInterval(() => require('fs').appendFileSync('left-behind', '.'), 20)`
  spawn(process.execPath, ['-e', left], { detached: true, stdio: 'ignore' }).unref()
  await new Promise((resolve) => setTimeout(resolve, 500))
}
say({ id: 'end', got: 'nothing' })
