import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { place } from './seamark.ts'

let here: Place
let service: Started
const ids = new Map<string, string>()

const runsOf = (out: string): string[] => {
  const { runs }: { runs: { run: string }[] } = JSON.parse(out)
  return runs.map(({ run }) => run)
}

async function listed(...options: string[]): Promise<string[]> {
  const { code, out } = await here.seamark('list', '--json', ...options)
  expect(code).toBe(0)
  return runsOf(out)
}

beforeAll(async () => {
  here = place()
  service = here.start('serve')
  await service.saw('\n')
  for (const [name, line] of [
    ['good', 'true'],
    ['bad', 'false'],
    ['slow', 'sleep 600'],
  ] as const) {
    here.write(`${name}.yaml`, `version: 1\nname: ${name}\nitems: [{ id: a, run: "${line}", executor: process }]\n`)
    const { out } = await here.seamark('submit', `${name}.yaml`, '--json')
    const { run }: { run: string } = JSON.parse(out)
    ids.set(name, run)
    if (name !== 'slow') await here.seamark('watch', run)
  }
}, 120_000)

afterAll(async () => {
  service.child.kill('SIGTERM')
  await here.seamark('cancel', 'last')
  await service.ended
  here.remove()
}, 60_000)

describe('list', { timeout: 60_000 }, () => {
  it('shows the newest first, and those that a filter asks for', async () => {
    const of = (...names: string[]) => names.map((name) => ids.get(name))
    expect(await listed()).toEqual(of('slow', 'bad', 'good'))
    expect(await listed('--status', 'failed')).toEqual(of('bad'))
    expect(await listed('--status', 'running')).toEqual(of('slow'))
    expect(await listed('--name', 'good')).toEqual(of('good'))
    expect(await listed('--name', 'good', '--status', 'failed')).toEqual([])
    expect(await listed('--submitted-by', 'nobody')).toEqual([])
    expect(await listed('--since', '1h')).toEqual(of('slow', 'bad', 'good'))
    expect(await listed('--since', '1s', '--status', 'succeeded')).toEqual([])
  })

  it('finds what is paused, which runs too', async () => {
    const slow = [ids.get('slow')]
    expect(await listed('--status', 'paused')).toEqual([])
    expect((await here.seamark('pause', 'last')).code).toBe(0)
    expect(await listed('--status', 'paused')).toEqual(slow)
    expect(await listed('--status', 'running')).toEqual(slow)
    expect((await here.seamark('list', '--status', 'paused')).out).toMatch(/ paused .* slow\n/)
    expect((await here.seamark('resume', 'last')).code).toBe(0)
    expect(await listed('--status', 'paused')).toEqual([])
  })

  it('says who submitted a run, finds it by that, and says that there are more', async () => {
    const { out } = await here.seamark('list', '--limit', '1', '--output', 'json')
    const { runs, more }: { runs: { run: string; submittedBy: string }[]; more: boolean } = JSON.parse(out)
    expect(runs.map(({ run }) => run)).toEqual([ids.get('slow')])
    expect(more).toBe(true)
    expect(await listed('--submitted-by', runs[0]?.submittedBy ?? '')).toHaveLength(3)
  })

  it('is a table for people, and every command speaks YAML', async () => {
    const { out } = await here.seamark('list')
    expect(out.split('\n').map((line) => line.split(/ +/)[0])).toEqual(['RUN', ...[...ids.values()].toReversed(), ''])
    const shown = await here.seamark('status', 'last', '--output', 'yaml')
    expect(shown.out.split('\n', 3)).toEqual(['---', 'run:', `  run: ${ids.get('slow')}`])
    expect(shown.out).toMatch(/^items:\n  - run: .*\n    index: 0\n    item: a\n/m)
  })

  it.each([
    ['--status', 'faild'],
    ['--since', 'tomorrow'],
    ['--limit', '0'],
    ['--limit', '10001'],
    ['--output', 'xml'],
  ])('refuses %s %s', async (option, value) => {
    expect(await here.seamark('list', option, value)).toMatchObject({ code: 2, out: '' })
  })
})
