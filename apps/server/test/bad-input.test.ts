import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Started } from './seamark.ts'
import { begin, NODE, place } from './seamark.ts'

const here = place()
let service: Started

beforeAll(async () => {
  service = here.start('serve', '--json')
  await service.saw('"ready"')
  execFileSync('git', ['init', '-q', join(here.dir, 'unborn')])
  here.repository('repo', { a: 'a\n' })
  mkdirSync(join(here.dir, 'plain'))
}, 60_000)
afterAll(async () => {
  service.child.kill('SIGTERM')
  expect((await service.ended).code).toBe(0)
  here.remove()
}, 60_000)

/** Submits a plan and gives the exit code and all problems. */
async function refused(text: string, name = 'plan.yaml') {
  here.write(name, text)
  const { code, err } = await here.seamark('submit', name, '--json')
  const { error } = JSON.parse(err) as {
    error: { code: string; problems: readonly { code: string; place?: object; remedy?: string }[] }
  }
  return { exit: code, ...error }
}
const items = 'items: [{ id: a, run: "true", executor: process }]'

describe('a plan that is refused', () => {
  it('names line and column of malformed YAML, also for people', async () => {
    const { exit, problems } = await refused('version: 1\nitems:\n  - { id: a, run: "true\n')
    expect(exit).toBe(2)
    expect(problems[0]).toMatchObject({
      code: 'INVALID_INPUT',
      place: { line: expect.any(Number), column: expect.any(Number) },
    })
    const { err } = await here.seamark('submit', 'plan.yaml')
    expect(err).toMatch(/^plan\.yaml:\d+:\d+: INVALID_INPUT /)
  })

  it('names every problem at once, each with its place', async () => {
    const { exit, problems } = await refused(
      'version: 1\nitems:\n  - { id: a, run: x, nedes: [b], executor: nowhere }\n  - { id: a, run: x, needs: [zz] }\n',
    )
    expect(exit).toBe(2)
    expect(problems.length).toBeGreaterThanOrEqual(4)
    expect(problems.every(({ place }) => place !== undefined)).toBe(true)
  })

  it.each([
    ['a folder that is no repository', 'plain', 'HEAD', 'git'],
    ['a ref that is not there', 'repo', 'no-such-branch', 'ref'],
    ['a repository without commits', 'unborn', 'HEAD', 'git'],
    ['a folder that is not there', 'missing', 'HEAD', 'git'],
  ])('says where it names %s, and what to do', async (_, git, ref, field) => {
    const { exit, code, problems } = await refused(`version: 1\nworkspace:\n  git: ${git}\n  ref: ${ref}\n${items}\n`)
    expect({ exit, code }).toEqual({ exit: 4, code: 'NOT_FOUND' })
    const place = { pointer: `/workspace/${field}`, line: field === 'git' ? 3 : 4, column: 8 }
    expect(problems).toEqual([expect.objectContaining({ place })])
    expect(problems[0]?.remedy).toBeTruthy()
  })

  it('does not stop another run, nor the service', async () => {
    here.write('good.yaml', 'version: 1\nitems: [{ id: a, run: sleep 1, executor: process }]\n')
    const running = here.seamark('run', 'good.yaml')
    await refused('version: 1\nitems: []\n')
    await refused('}')
    expect((await running).code).toBe(0)
  })
})

describe('a command line that is refused', () => {
  it.each([
    [['stauts'], 'seamark status'],
    [['status', '--jsn'], '--json'],
    [['run'], 'PLAN'],
    [['run', 'a', 'b'], '"b"'],
    [['run', 'plan.yaml', '--id'], '--id'],
    [['evidence'], 'evidence export'],
  ])('%j', async (argv, said) => {
    const { code, err } = await here.seamark(...argv)
    expect(code).toBe(2)
    expect(err).toContain(said)
  })

  it.each(['run', 'submit'])('an id that can be none, of %s: one problem, in words', async (name) => {
    here.write('plan.yaml', `version: 1\n${items}\n`)
    const { code, err } = await here.seamark(name, 'plan.yaml', '--id', 'BAD ID', '--json')
    expect(code).toBe(2)
    const { problems } = JSON.parse(err).error
    expect(problems).toEqual([
      { code: 'INVALID_INPUT', message: expect.stringContaining('"BAD ID"'), remedy: expect.stringContaining('63') },
    ])
    expect(err).not.toContain('[a-z0-9]')
  })

  it('a plan that is not there, or a folder', async () => {
    expect((await here.seamark('run', 'nothing.yaml')).code).toBe(4)
    expect((await here.seamark('run', 'plain')).code).toBe(2)
  })
})

describe('a data folder without write permission', () => {
  it('is FORBIDDEN, naming it', async () => {
    const closed = join(here.dir, 'closed')
    mkdirSync(closed)
    here.write('plan.yaml', `version: 1\n${items}\n`)
    const root = process.getuid?.() === 0
    // Root may write anywhere: another user tries.
    chmodSync(closed, 0o555)
    chmodSync(here.dir, 0o755)
    if (root) chownSync(closed, 0, 0)
    const argv = [...NODE, 'run', 'plan.yaml', '--data', 'closed/data', '--json']
    const line = root ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...argv] : argv
    const { code, err } = await begin(here.dir, line).ended
    expect(code).toBe(3)
    expect(JSON.parse(err)).toMatchObject({
      error: { code: 'FORBIDDEN', message: expect.stringContaining('closed/data') },
    })
  })
})
