import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { begin, NODE, place, runs, until } from './seamark.ts'

const here = place()
const mark = `${9_000 + process.pid}.5`

/** Runs a command whose standard output is on a disk that is full. */
const onFullDisk = (...argv: string[]) =>
  begin(here.dir, ['sh', '-c', 'exec "$0" "$@" > /dev/full', ...NODE, ...argv]).ended

beforeAll(async () => {
  here.write('quick.yaml', 'version: 1\nitems: [{ id: a, run: "true", executor: process }]\n')
  here.write('slow.yaml', `version: 1\nitems: [{ id: a, run: "exec sleep ${mark}", executor: process }]\n`)
  expect((await here.seamark('run', 'quick.yaml', '--id', 'quick')).code).toBe(0)
}, 60_000)
afterAll(() => here.remove())

describe('standard output that takes nothing', { timeout: 90_000 }, () => {
  it.each([['--help'], ['status'], ['status quick'], ['evidence export quick -o -'], ['doctor']])(
    'is one error of %s, with the code of a full disk',
    async (line) => {
      const { code, err } = await onFullDisk(...line.split(' '))
      expect(code).toBe(6)
      expect(err).toMatch(/^LIMIT_EXCEEDED .*ENOSPC.*\n  → .*\n$/)
    },
  )

  it.each([[[]], [['--json']]])('cancels what run %j follows, and leaves nothing running', async (more) => {
    const { code, err } = await onFullDisk('run', 'slow.yaml', ...more)
    expect(code).toBe(6)
    expect(err.match(/LIMIT_EXCEEDED/g)).toHaveLength(more.length === 0 ? 1 : 2)
    expect(err).not.toMatch(/ {4}at /)
    await until(() => !runs(`sleep\0${mark}`))
    const { run } = JSON.parse((await here.seamark('status', 'last', '--json')).out)
    expect(run.status).toBe('canceled')
  })

  it('ends a service that can not say where it is', async () => {
    const { code, err } = await onFullDisk('serve', '--json')
    expect(code).toBe(6)
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' } })
    expect((await here.seamark('submit', 'quick.yaml')).code).toBe(9)
  })

  it('keeps its code where standard error takes nothing either', async () => {
    const line = ['sh', '-c', 'exec "$0" "$@" > /dev/full 2> /dev/full', ...NODE, 'status']
    expect((await begin(here.dir, line).ended).code).toBe(6)
  })
})
