import { seamarkClient, type SeamarkClient } from '@seamark/sdk'
import { docker } from '@seamark/testing-services'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { socketIn } from '../src/socket.ts'
import { dockerWithPrograms, serviceOn, type DockerWithPrograms } from './grounds.ts'
import { begin, NODE, place, until } from './seamark.ts'

const here = place()
const undo: (() => unknown)[] = [() => here.remove()]
let engine: DockerWithPrograms
let client: SeamarkClient

const seamark = (...argv: readonly string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')

beforeAll(async () => {
  engine = await dockerWithPrograms()
  undo.push(engine.stop)
  const { line } = serviceOn(engine, engine.programs, here.data)
  here.write('seamark.config.mjs', `export default { ${line} queues: { default: { concurrency: 4 } } }\n`)
  const service = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
  undo.push(async () => service.child.kill('SIGTERM') && (await service.ended))
  await service.saw('socket')
  client = seamarkClient({ socketPath: socketIn(here.data) })
  undo.push(client.close)
}, 120_000)
afterAll(async () => {
  for (const each of undo.toReversed()) await each()
}, 60_000)

/** How each attempt of a run ended, when it is over. */
async function endsOf(run: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const found: Record<string, unknown[]> = {}
  for await (const event of client.events(run, { follow: true }))
    if (event.type === 'record' && event.kind === 'attempt.ended') (found[event.item ?? ''] ??= []).push(event.data)
  return found
}

/** A run of items whose programs all run. */
async function started(run: string, items: readonly object[]): Promise<void> {
  const defaults = { executor: 'docker', timeout: '120s' }
  here.repository(run, { 'a.txt': '' })
  here.write(`${run}.json`, JSON.stringify({ version: 1, workspace: { git: run }, defaults, items }))
  expect(await seamark('submit', `${run}.json`, '--id', run)).toMatchObject({ code: 0 })
  await until(() => globSync(join(here.data, `**/held-${run}`)).length === items.length, 60_000)
}

/** Until somebody removes a file of the workspace. What another run had there may still be on its way out. */
const holds = (run: string) => `touch held-${run}; while [ -e held-${run} ]; do sleep 0.1; done`
const interrupted = { outcome: 'failed', reason: 'interrupted', exit: { reason: 'interrupted' } }

describe('a Docker engine that stops in the middle of attempts, and comes back', { timeout: 120_000 }, () => {
  it('is why they ended, whatever their programs made of that, and what may be is tried again', async () => {
    await started('ends', [
      { id: 'again', run: `echo $SEAMARK_ATTEMPT >> a.txt; [ $SEAMARK_ATTEMPT = 2 ] || { ${holds('ends')}; }`, retries: { max: 1 } }, // prettier-ignore
      { id: 'once', run: `echo made > a.txt; ${holds('ends')}` },
      { id: 'says', run: `trap 'exit 0' TERM INT; ${holds('ends')}` },
    ])
    const meanwhile = { version: 1, items: [{ id: 'a', run: 'true', executor: 'docker' }] }
    await engine.restart(async () => {
      await client.submit({ plan: JSON.stringify(meanwhile), format: 'json', run: 'meanwhile' })
    })
    expect(await endsOf('ends')).toMatchObject({
      again: [interrupted, { outcome: 'succeeded', reason: 'completed' }],
      once: [interrupted],
      says: [interrupted],
    })
    expect(await endsOf('meanwhile')).toMatchObject({ a: [{ outcome: 'succeeded', reason: 'completed' }] })
    expect(await client.item('ends', 'again')).toMatchObject({ status: 'succeeded', attempt: 2 })
    for (const id of ['once', 'says'])
      expect(await client.item('ends', id)).toMatchObject({ status: 'failed', reason: 'interrupted', attempt: 1 })
  })

  it(
    'is waited for by what is launched meanwhile, which says so and goes on by itself',
    { timeout: 400_000 },
    async () => {
      const plan = (run: string) =>
        JSON.stringify({
          version: 1,
          items: [{ id: 'a', run: `echo ${run}`, executor: 'docker', retries: { max: 0 } }],
        })
      const parked = async (run: string) => (await client.item(run, 'a')).parked !== undefined
      await engine.restart(async () => {
        for (const run of ['waits', 'leaves']) await client.submit({ plan: plan(run), format: 'json', run })
        await until(async () => (await parked('waits')) && (await parked('leaves')), 150_000)
        const detail = expect.stringContaining(engine.socketPath)
        expect(await client.item('waits', 'a')).toMatchObject({
          status: 'parked',
          parked: { reason: 'capacity', detail, resumeAt: expect.any(Number) },
          waiting: { for: 'parked', detail },
        })
        expect((await seamark('status', 'waits', 'a')).out).toContain(engine.socketPath)
        // The end of what nobody wants any more waits for no engine.
        expect(await seamark('cancel', 'leaves')).toMatchObject({ code: 0 })
        await until(async () => (await client.item('leaves', 'a')).status === 'canceled', 60_000)
      })
      expect(await endsOf('waits')).toMatchObject({ a: [{ outcome: 'succeeded', reason: 'completed' }] })
      expect(await client.item('waits', 'a')).toMatchObject({ status: 'succeeded', attempt: 1 })
      expect((await seamark('logs', 'waits', 'a')).out).toBe('waits\n')
    },
  )

  it('loses nothing of what outlives it', async () => {
    const path = join(engine.dir, 'daemon.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), 'live-restore': true }))
    await engine.restart()
    await started('live', [
      { id: 'on', run: `echo before; ${holds('live')}; echo after; echo on > a.txt`, patch: 'required' },
    ])
    await engine.restart(async () => {
      await expect(docker(engine, 'ps')).rejects.toThrow()
    })
    expect(await client.item('live', 'on')).toMatchObject({ status: 'running', attempt: 1 })
    for (const held of globSync(join(here.data, '**/held-live'))) rmSync(held)
    expect(await endsOf('live')).toMatchObject({ on: [{ outcome: 'succeeded', reason: 'completed' }] })
    expect((await seamark('logs', 'live', 'on')).out).toBe('before\nafter\n')
  })
})
