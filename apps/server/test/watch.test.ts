import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { begin, NODE, place, until } from './seamark.ts'

let here: Place
let service: Started

beforeEach(async () => {
  here = place()
  service = here.start('serve')
  await service.saw('Serving')
}, 60_000)

afterEach(async () => {
  service.child.kill('SIGINT')
  await service.ended
  here.remove()
}, 60_000)

interface Line {
  readonly type: string
  readonly kind?: string
  readonly run?: unknown
  readonly item?: unknown
  readonly service?: { readonly queues: readonly { readonly name: string; readonly running?: number }[] }
}

const linesOf = (out: string): Line[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line): Line => JSON.parse(line))

describe('watch of a service', { timeout: 90_000 }, () => {
  it('gives what there is, then each record of every run, and is left with 0', async () => {
    here.write(
      'slow.yaml',
      'version: 1\nname: slow\nitems: [{ id: a, run: sleep 600, executor: process }, { id: b, run: ls, executor: process, needs: [a] }]\n',
    )
    here.write('quick.yaml', 'version: 1\nname: quick\nitems: [{ id: q, run: ls, executor: process }]\n')
    const { out } = await here.seamark('submit', 'slow.yaml', '--json')
    const { run }: { run: string } = JSON.parse(out)
    await until(async () => (await here.seamark('status', run, 'a', '--json')).out.includes('"status":"running"'))
    const watching = here.start('watch')
    await watching.saw('"item":"b"')
    await here.seamark('submit', 'quick.yaml')
    await watching.saw('run.sealed')
    watching.child.kill('SIGINT')
    const { code, out: shown } = await watching.ended
    expect(code).toBe(0)
    const lines = linesOf(shown)
    expect(lines[0]?.service?.queues).toMatchObject([{ name: 'default', running: 1 }])
    expect(lines[1]).toMatchObject({ type: 'run', run: { run, status: 'running' } })
    expect(lines[2]).toMatchObject({ type: 'item', item: { item: 'a', status: 'running' } })
    expect(lines[3]).toMatchObject({ type: 'item', item: { item: 'b', waiting: { for: 'needs', items: ['a'] } } })
    const records = lines.filter(({ type, run: of }) => type === 'record' && of !== run)
    expect(records.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['run.submitted', 'item.settled', 'run.sealed']),
    )
  })

  it('ends quietly when its reader has gone', async () => {
    here.write('quick.yaml', 'version: 1\nitems: [{ id: q, run: ls, executor: process }]\n')
    const line = `set -o pipefail; ${NODE.map((word) => `'${word}'`).join(' ')} watch | head -n 1`
    const cut = begin(here.dir, ['bash', '-c', line])
    await cut.saw('"type":"service"')
    await here.seamark('submit', 'quick.yaml')
    expect(await cut.ended).toMatchObject({ code: 0, err: '' })
  })

  it('says that the service has stopped', async () => {
    const watching = here.start('watch')
    await watching.saw('"type":"service"')
    service.child.kill('SIGTERM')
    expect(await watching.ended).toMatchObject({ code: 9 })
  })
})

describe('watch without a service', { timeout: 60_000 }, () => {
  it('says how to start one', async () => {
    service.child.kill('SIGTERM')
    await service.ended
    const { code, err } = await here.seamark('watch')
    expect(code).toBe(9)
    expect(err).toContain('seamark serve')
  })
})
