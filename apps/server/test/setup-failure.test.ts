import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const here = place()
const plan = (run: string) => `
version: 1
workspace: { git: repo, setup: { key: [file], paths: [out], run: ${JSON.stringify(run)} } }
defaults: { executor: process }
items:
  - { id: first, run: "echo main" }
  - { id: second, run: "true", needs: [first] }
`
let failed: Ended

beforeAll(async () => {
  here.repository('repo', { file: 'x\n' })
  here.write('bad.yaml', plan('echo said; echo complained >&2; exit 3'))
  here.write('good.yaml', plan('mkdir out; echo made'))
  failed = await here.seamark('run', 'bad.yaml', '--id', 'bad')
}, 60_000)
afterAll(() => here.remove())

it('run says that the set-up failed, how, what it wrote last and where the rest is', () => {
  expect(failed.code).toBe(11)
  for (const text of ['the set-up failed', 'exit code 3', 'complained', 'seamark logs bad first --setup --stderr'])
    expect(failed.out).toContain(text)
})

it('status says the same, of the run and of an item; and that nothing ran', async () => {
  for (const more of [[], ['first']]) {
    const { out } = await here.seamark('status', 'bad', ...more)
    for (const text of ['the set-up failed', 'exit code 3', 'complained', 'seamark logs bad first --setup --stderr'])
      expect(out).toContain(text)
    expect(out).not.toContain('not isolated')
  }
  const { items } = JSON.parse((await here.seamark('status', 'bad', '--json')).out)
  expect(items).toMatchObject([
    { item: 'first', status: 'skipped', reason: 'setup' },
    { item: 'second', status: 'skipped', reason: 'needs' },
  ])
  for (const item of items) expect(item).not.toHaveProperty('isolation')
})

it('what is said of an item is whole where nobody has a terminal', async () => {
  const items =
    'items: [{ id: no, executor: process, outputs: [{ path: r.xml, kind: junit }], run: "echo no > r.xml" }]'
  here.write('output.yaml', `version: 1\n${items}\n`)
  await here.seamark('run', 'output.yaml', '--id', 'output')
  const { items: [{ detail }] } = JSON.parse((await here.seamark('status', 'output', '--json')).out) // prettier-ignore
  expect(detail).not.toBe('')
  expect((await here.seamark('status', 'output')).out).toContain(detail)
})

it('its log is there, also for an item behind the first', async () => {
  expect((await here.seamark('logs', 'bad', 'first', '--setup')).out).toBe('said\n')
  expect((await here.seamark('logs', 'bad', 'first', '--setup', '--stderr')).out).toBe('complained\n')
  expect((await here.seamark('logs', 'bad', 'second', '--setup', '-f')).out).toBe('said\n')
  expect((await here.seamark('logs', 'bad', 'first')).code).toBe(4)
  expect((await here.seamark('logs', 'bad', 'first', '--setup', '--gate', '1')).code).toBe(2)
})

it('the log of a set-up is with the run that made it', async () => {
  for (const run of ['made', 'same']) expect((await here.seamark('run', 'good.yaml', '--id', run)).code).toBe(0)
  expect((await here.seamark('logs', 'made', 'first', '--setup')).out).toBe('made\n')
  const { code, err } = await here.seamark('logs', 'same', 'first', '--setup', '--follow', '--json')
  expect({ code, error: JSON.parse(err).error.code }).toEqual({ code: 4, error: 'NOT_FOUND' })
})
