import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { begin, NODE, place, runs, until } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

const press = join(import.meta.dirname, 'press.py')

/** Runs a plan of one long item on a pseudo-terminal and presses Ctrl-C so often. */
async function pressed(times: number, mark: string, first = '') {
  here.write('slow.yaml', `version: 1\nitems: [{ id: a, run: "${first}exec sleep ${mark}", executor: process }]\n`)
  const line = ['python3', '-B', press, String(times), `sleep ${mark}`, ...NODE, 'run', 'slow.yaml']
  return begin(here.dir, line).ended
}

describe('Ctrl-C on a terminal', { timeout: 90_000 }, () => {
  it('once cancels cleanly, leaves nothing running and gives the cursor back', async () => {
    const mark = `${7_000 + process.pid}.5`
    const { out } = await pressed(1, mark)
    expect(out).toContain('exit 8')
    expect(out).toContain('run canceled')
    expect(out.lastIndexOf('\u001B[?25h')).toBeGreaterThan(out.lastIndexOf('\u001B[?25l'))
    expect(runs(`sleep\0${mark}`)).toBe(false)
    await until(() => !runs(here.data))
  })

  it('twice ends at once and kills what runs', async () => {
    const mark = `${8_000 + process.pid}.5`
    // It does not end by being asked to, so the second press finds it.
    const { out } = await pressed(2, mark, "trap '' TERM; ")
    expect(out).toContain('exit 8')
    await until(() => !runs(`sleep\0${mark}`))
    await until(() => !runs(here.data))
  })
})

describe('the terminal of these tests', () => {
  it('ends a command that does not end by itself, and what that started', { timeout: 30_000 }, async () => {
    const mark = `${9_000 + process.pid}.5`
    const line = `import terminal; terminal.SECONDS = 1; terminal.run(['sh', '-c', "trap '' HUP; echo begun; sleep ${mark}"], lambda *_: None)`
    const { code, out } = await begin(import.meta.dirname, ['python3', '-B', '-c', line]).ended
    expect(code).toBe(1)
    expect(out).toMatch(/^begun\s+late: /)
    await until(() => !runs(`sleep\0${mark}`))
  })
})
