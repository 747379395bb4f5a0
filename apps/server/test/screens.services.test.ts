import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { begin, NODE, place } from './seamark.ts'

let here: Place
let service: Started

beforeAll(async () => {
  here = place()
  here.repository('code', { 'a.txt': 'one\n' })
  here.write(
    'plan.yaml',
    'version: 1\nname: edits\nworkspace: { git: code }\nitems: [{ id: edit, run: seq 100 > b.txt, executor: process }]\n',
  )
  service = here.start('serve')
  await service.saw('Serving')
  expect(await here.seamark('run', 'plan.yaml')).toMatchObject({ code: 0 })
}, 90_000)

afterAll(async () => {
  service.child.kill('SIGINT')
  await service.ended
  here.remove()
}, 60_000)

/** Runs a command on a pseudo-terminal of a size; once a text is shown, keys are typed. */
async function shown(
  size: string,
  pairs: readonly (readonly [string, string])[],
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const words = [...NODE, ...argv].map((word) => `'${word}'`).join(' ')
  const type = join(import.meta.dirname, 'type.py')
  const line = ['python3', '-B', type, JSON.stringify(pairs), 'sh', '-c', `stty ${size}; exec ${words}`]
  const { out } = await begin(here.dir, line, { TERM: 'xterm', NO_COLOR: '', PAGER: 'cat', ...env }).ended
  const [, screen = '', code] = /^([^]*)exit (\d+)\s*$/.exec(out) ?? []
  return { raw: screen, lines: stripVTControlCharacters(screen).split(/[\r\n]+/), code: Number(code) }
}

describe('on a terminal', { timeout: 120_000 }, () => {
  it('a list fits 20 columns, and says the status of each run', async () => {
    const { lines, code } = await shown('cols 20 rows 12', [], ['list'])
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^RUN +STATUS$/)
    expect(lines[1]).toMatch(/^[0-9a-f]+… +succeeded$/)
    for (const text of lines) expect(text.length).toBeLessThanOrEqual(20)
  })

  it('the status of a run fits 20 columns, and says all that it would on more', async () => {
    const { lines, code } = await shown('cols 20 rows 12', [], ['status', 'last'])
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^[0-9a-f]+… +succeeded$/)
    expect(lines[1]).toMatch(/^ {2}edit +succeeded$/)
    for (const text of lines) expect(text.length).toBeLessThanOrEqual(20)
    const said = lines
      .slice(2)
      .map((text) => text.trim())
      .join(' ')
    expect(said).toMatch(/^not isolated, \d.*, 1 file changed\s*$/)
  })

  it('watch draws a page of its own that fits, and Ctrl-C gives the terminal back', async () => {
    const { raw, lines, code } = await shown('cols 20 rows 12', [['default 0/', '\u0003']], ['watch'])
    expect(code).toBe(0)
    expect(raw.indexOf('\u001B[?1049h')).toBeLessThan(raw.indexOf('default 0/'))
    expect(raw.trimEnd().endsWith('\u001B[?7h\u001B[?25h\u001B[?1049l')).toBe(true)
    for (const text of lines) expect(text.replace('^C', '').length).toBeLessThanOrEqual(20)
  })

  it('a diff is in colours, through the pager, which may be left early', async () => {
    const all = await shown('cols 80 rows 24', [], ['diff', 'last'])
    expect(all.code).toBe(0)
    expect(all.raw).toContain('\u001B[32m+100\u001B[39m')
    expect(all.lines).toContain('+57')
    const cut = await shown('cols 80 rows 24', [], ['diff', 'last'], { PAGER: 'head -n 1' })
    expect(cut.code).toBe(0)
    expect(cut.lines.filter((text) => text !== '')).toEqual(['edit  1 file, +100 -0'])
  })

  it('NO_COLOR takes the colours away', async () => {
    for (const argv of [['list'], ['diff', 'last'], ['status', 'last'], ['--help']]) {
      const { raw, code } = await shown('cols 80 rows 24', [], argv, { NO_COLOR: '1' })
      expect(code).toBe(0)
      expect(raw).not.toContain('\u001B')
    }
  })

  it('a pager that is not there is named', async () => {
    const { raw, code } = await shown('cols 80 rows 24', [], ['diff', 'last'], { PAGER: 'no-such-pager' })
    expect(code).toBe(9)
    expect(raw).toContain('no-such-pager')
  })
})
