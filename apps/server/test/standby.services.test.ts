import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { AnyRecord, VerifyReport } from '@seamark/core'
import { postgresJournal } from '@seamark/journal-postgres'
import { parseHeader } from '@seamark/log'
import { serviceView } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import { startPostgres } from '@seamark/testing-services'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ended, Place, Started } from './seamark.ts'
import { place, runs, until } from './seamark.ts'

const source = (name: string) => JSON.stringify(join(import.meta.dirname, `../../../packages/${name}/src/index.ts`))
// As the journal promises it where nothing else wants the processors: half of it is the time to live of the lease, the
// other half work, about as much as to start a few commands.
const takeOverMs = 5_000
const startsOfCommands = 6

let server: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  server = await startPostgres()
}, 120_000)
afterAll(() => server.stop())

let here: Place
let started: Started[] = []
beforeEach(() => {
  here = place()
  for (const folder of ['done', 'first', 'second']) mkdirSync(join(here.dir, folder), { mode: 0o700 })
  writeFileSync(join(here.dir, 'url'), server.url, { mode: 0o600 })
})
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  await Promise.all(started.map(({ ended }) => ended))
  started = []
  // Supervisors end once nothing runs and nobody is connected.
  await until(() => !runs(here.dir))
  here.remove()
})

/** A configuration whose services are replicas: they share database, blobs and keys, and have data folders of their own. */
function config(name: string, schema: string, options = '', deployment = 'ours'): string {
  return here.write(
    name,
    `import { join } from 'node:path'
import { postgresJournal } from ${source('journal-postgres')}
import { localSigner } from ${source('signer-local')}
import { folderStorage } from ${source('storage-local')}
const dir = import.meta.dirname
export default {
  journal: postgresJournal({ urlFile: join(dir, 'url'), schema: '${schema}', deployment: '${deployment}', ${options} }),
  storage: folderStorage({ dir: join(dir, 'blobs') }),
  signer: localSigner({ path: join(dir, 'keys/log.pem'), role: 'log' }),
  exportSigner: localSigner({ path: join(dir, 'keys/export.pem'), role: 'export' }),
}
`,
  )
}

function serve(data: string, file: string): Started {
  const service = here.start('serve', '--json', '--data', data, '--config', file)
  started.push(service)
  return service
}

const text = ({ code, out, err }: Ended): string => (code === 0 ? out : expect.fail(`${code}: ${out}${err}`))
const statusOf = async (data: string): Promise<string> =>
  JSON.parse(text(await here.seamark('status', 'r1', '--json', '--data', data))).run.status

/** Items that leave a line outside of their workspaces for each time they were begun. */
const items = Array.from({ length: 24 }, (_, at) => ({
  id: `i${at}`,
  run: `echo x >> "$DONE/i${at}"; sleep 1; echo ${at} > out`,
  ...(at % 4 === 3 && { needs: [`i${at - 1}`] }),
}))

function plan(): string {
  const env = { DONE: join(here.dir, 'done') }
  return here.write('plan.json', JSON.stringify({ version: 1, defaults: { executor: 'process', env }, items }))
}

async function recordsOf(schema: string): Promise<AnyRecord[]> {
  const { journal } = postgresJournal({ url: server.url, schema, readOnly: true })
  const found: AnyRecord[] = []
  for await (const { header } of journal.read('default', 0)) found.push(parseHeader(header))
  await journal.close()
  return found
}

/** A leader in the folder `first`, and a standby in another folder or the same. */
async function pair(
  schema: string,
  data: string,
  urlFile = 'url',
): Promise<{ readonly leader: Started; readonly standby: Started }> {
  const file = config('replica.config.ts', schema, 'standby: true')
  const leading = readFileSync(join(here.dir, file), 'utf8').replace("'url'", `'${urlFile}'`)
  const leader = serve('first', here.write('leader.config.ts', leading))
  await leader.saw('"ready"')
  const standby = serve(data, file)
  await standby.saw('"standby"')
  return { leader, standby }
}

/** The same, with the leader in the middle of a run. */
async function halfWay(schema: string, data = 'second', urlFile?: string): ReturnType<typeof pair> {
  const { leader, standby } = await pair(schema, data, urlFile)
  text(await here.seamark('submit', plan(), '--id', 'r1', '--data', 'first'))
  await until(() => readdirSync(join(here.dir, 'done')).length >= 6)
  return { leader, standby }
}

/** Everything ended, once, and verifies. Where the standby had no data folder of its own, everything was also begun once. */
async function expectWhole(schema: string, data: string): Promise<void> {
  await until(async () => (await statusOf(data)) === 'succeeded', 120_000)
  const named = ['--data', data]
  text(await here.seamark('evidence', 'export', 'r1', '-o', 'r1.tar', ...named))
  text(await here.seamark('keys', 'export', '-o', 'trust.json', ...named))
  const verified = text(await here.seamark('verify', 'r1.tar', '--trust', 'trust.json', '--json'))
  const report: VerifyReport = JSON.parse(verified)
  expect(report.verdict).toBe('verified')

  const records = await recordsOf(schema)
  const ids = new Set(items.map(({ id }) => id))
  const settled = records.filter(({ kind }) => kind === 'item.settled').map(({ item }) => item)
  expect(settled).toHaveLength(ids.size)
  expect(new Set(settled)).toEqual(ids)
  // Only what the leader had begun and not settled may be begun again, in the folder of the other.
  const takeOver = records.findLastIndex(({ kind }) => kind === 'engine.started')
  const before = records.slice(0, takeOver)
  const open = new Set(before.filter(({ kind }) => kind === 'item.launched').map(({ item }) => item))
  for (const { kind, item } of before) if (kind === 'item.settled') open.delete(item)
  // Otherwise there was nothing to attach.
  expect(open.size).toBeGreaterThan(0)
  for (const id of ids) {
    const times = readFileSync(join(here.dir, 'done', id), 'utf8')
      .trim()
      .split('\n').length
    const again = data !== 'first' && open.has(id)
    expect({ id, times }).toEqual({ id, times: again ? expect.toSatisfy((n: number) => n <= 2) : 1 })
  }
}

/** Ends or freezes the leader, and expects the standby to lead in time. */
async function expectTakeOver(leader: Started, signal: 'SIGKILL' | 'SIGSTOP', standby: Started): Promise<void> {
  const before = Date.now()
  text(await here.seamark('--version'))
  const startMs = Date.now() - before
  leader.child.kill(signal)
  const since = Date.now()
  await standby.saw('"ready"')
  const ms = Date.now() - since
  console.log(`The standby led after ${ms} ms; a command took ${startMs} ms.`)
  expect(ms).toBeLessThan(Math.max(takeOverMs, takeOverMs / 2 + startsOfCommands * startMs))
}

describe('a standby', { timeout: 240_000 }, () => {
  it('answers questions, refuses commands naming the leader, and leads within 5 s of its kill -9', async () => {
    const { leader, standby } = await halfWay('killed')
    const said = JSON.parse(text(await here.seamark('status', '--json', '--data', 'second')))
    const who = `seamark serve (process ${leader.child.pid} `
    expect(said).toMatchObject({ runs: [{ run: 'r1' }], standby: { leader: expect.stringContaining(who) } })
    expect(text(await here.seamark('status', '--data', 'second'))).toContain(who)
    expect(JSON.parse(text(await here.seamark('status', 'r1', '--json', '--data', 'second'))).items).toHaveLength(24)
    const refused = await here.seamark('cancel', 'r1', '--json', '--data', 'second')
    expect(refused.code).toBe(9)
    expect(JSON.parse(refused.err).error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining(who) })

    await expectTakeOver(leader, 'SIGKILL', standby)
    await expectWhole('killed', 'second')
    const client = seamarkClient({ socketPath: join(here.dir, 'second/service/socket') })
    expect(serviceView.parse(await client.service())).not.toHaveProperty('standby')
    await client.close()
  })

  it('takes over from a leader that is frozen, which ends as soon as it goes on', async () => {
    const { leader, standby } = await halfWay('frozen')
    await expectTakeOver(leader, 'SIGSTOP', standby)
    leader.child.kill('SIGCONT')
    const { code, err } = await leader.ended
    expect(code).toBe(5)
    const last = err.trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last).error).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('taken over') })
    await expectWhole('frozen', 'second')
  })

  it('is warned where it would sign with a key of its own', async () => {
    const first = config('first.config.ts', 'keys', 'standby: true')
    await serve('first', first).saw('"ready"')
    here.write('small.yaml', 'version: 1\nitems: [{ id: a, run: "true", executor: process }]\n')
    text(await here.seamark('run', 'small.yaml', '--id', 'r1', '--data', 'first'))
    const warned = async (file: string): Promise<boolean> => {
      const standby = serve('second', file)
      await standby.saw('"standby"')
      standby.child.kill('SIGTERM')
      const { notes } = JSON.parse((await standby.ended).out.split('\n')[0] ?? '')
      return notes.some(({ text: said }: { text: string }) => said.includes('not signed by'))
    }
    expect(await warned(first)).toBe(false)
    const second = readFileSync(join(here.dir, first), 'utf8').replaceAll('keys/', 'other-keys/')
    expect(await warned(here.write('second.config.ts', second))).toBe(true)
  })

  it('says which agents there are, those too that were pushed since it waits, and takes none', async () => {
    const { leader } = await pair('agents', 'second')
    mkdirSync(join(here.dir, 'fixer'))
    here.write('fixer/agent.yaml', 'name: fixer\nversion: 1\nruntime: command\n')
    here.write('fixer/AGENTS.md', 'Fix what is broken.\n')
    const agent = async (...args: readonly string[]) => {
      const said: unknown = JSON.parse(text(await here.seamark('agent', ...args, '--json')))
      return said
    }
    expect(await agent('list', '--data', 'second')).toEqual({ agents: [] })
    await agent('push', 'fixer', '--data', 'first')
    const listed = await agent('list', '--data', 'first')
    expect(listed).toMatchObject({ agents: [{ name: 'fixer', version: 1 }] })
    expect(await agent('list', '--data', 'second')).toEqual(listed)
    expect(await agent('show', 'fixer@1', '--data', 'second')).toEqual(
      await agent('show', 'fixer@1', '--data', 'first'),
    )
    const refused = await here.seamark('agent', 'push', 'fixer', '--json', '--data', 'second')
    expect(JSON.parse(refused.err).error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`(process ${leader.child.pid} `),
    })
  })

  it('stops while it waits', async () => {
    const file = config('replica.config.ts', 'waiting', 'standby: true')
    await serve('first', file).saw('"ready"')
    const standby = serve('second', file)
    await standby.saw('"standby"')
    standby.child.kill('SIGTERM')
    expect(await standby.ended).toMatchObject({ code: 0, out: expect.stringContaining('"stopped"') })
  })

  it('is no place for seamark run, which would wait for ever', async () => {
    const file = config('replica.config.ts', 'busy', 'standby: true')
    const leader = serve('first', file)
    await leader.saw('"ready"')
    const { code, err } = await here.seamark('run', plan(), '--json', '--data', 'second', '--config', file)
    expect(code).toBe(5)
    const who = `(process ${leader.child.pid} `
    expect(JSON.parse(err).error).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(who) })
  })
})

/** What a service says last, where it fails. */
async function failure({ ended }: Started) {
  const { code, err } = await ended
  return { code, error: JSON.parse(err.trim().split('\n').at(-1) ?? '').error }
}

const folder = () => join(here.dir, 'first')
const service = async () => {
  const { pid } = JSON.parse(readFileSync(join(folder(), 'service.json'), 'utf8'))
  const client = seamarkClient({ socketPath: join(folder(), 'service/socket') })
  const view = serviceView.parse(await client.service())
  await client.close()
  return { pid, view }
}

describe('a standby in the folder of the leader', { timeout: 240_000 }, () => {
  it('leads within 5 s of its kill -9, and begins nothing again', async () => {
    const { leader, standby } = await halfWay('hot_killed', 'first')
    expect((await service()).pid).toBe(leader.child.pid)
    await expectTakeOver(leader, 'SIGKILL', standby)
    await expectWhole('hot_killed', 'first')
    const { pid, view } = await service()
    expect({ pid, view: view.pid }).toEqual({ pid: standby.child.pid, view: standby.child.pid })
    expect(view).not.toHaveProperty('standby')
  })

  it.each([
    { goesOn: 'by itself', schema: 'hot_frozen', signals: ['SIGCONT'] as const },
    {
      goesOn: 'with a Ctrl-C that would cancel what runs',
      schema: 'hot_ctrl_c',
      signals: ['SIGINT', 'SIGCONT'] as const,
    },
  ])('takes over from a frozen leader, which touches nothing when it goes on $goesOn', async ({ schema, signals }) => {
    const { leader, standby } = await halfWay(schema, 'first')
    await expectTakeOver(leader, 'SIGSTOP', standby)
    for (const signal of signals) leader.child.kill(signal)
    expect(await failure(leader)).toMatchObject({
      code: 5,
      error: { code: 'CONFLICT', message: expect.stringContaining('taken over') },
    })
    expect(await statusOf('first')).toBe('running')
    expect((await service()).pid).toBe(standby.child.pid)
    await expectWhole(schema, 'first')
    expect((await service()).view.pid).toBe(standby.child.pid)
  })

  it('takes over from a leader that is cut off from the database, which learns of it in the folder and ends', async () => {
    const wires = new Set<Socket>()
    const wire = createServer((near) => {
      const far = connect(Number(new URL(server.url).port), '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        wires.add(from)
        from.on('error', () => to.destroy())
        from.pipe(to)
      }
    })
    await once(wire.listen(0, '127.0.0.1'), 'listening')
    const url = new URL(server.url)
    const address = wire.address()
    url.port = String(typeof address === 'object' ? address?.port : address)
    writeFileSync(join(here.dir, 'wire'), url.href, { mode: 0o600 })
    const { leader, standby } = await halfWay('hot_cut', 'first', 'wire')
    wire.close()
    for (const socket of wires) socket.destroy()
    await standby.saw('"ready"')
    expect(await failure(leader)).toMatchObject({
      code: 5,
      error: { code: 'CONFLICT', message: expect.stringContaining('data folder') },
    })
    expect((await service()).view.pid).toBe(standby.child.pid)
    await expectWhole('hot_cut', 'first')
  })

  it('has its door when the leader is stopped, and a third one stands by for it', async () => {
    const { leader, standby } = await pair('hot_stopped', 'first')
    const third = serve('first', 'replica.config.ts')
    await third.saw('"standby"')
    third.child.kill('SIGTERM')
    expect(await third.ended).toMatchObject({ code: 0, out: expect.stringContaining('"stopped"') })
    expect((await service()).view.pid).toBe(leader.child.pid)
    leader.child.kill('SIGTERM')
    expect(await leader.ended).toMatchObject({ code: 0 })
    await standby.saw('"ready"')
    expect((await service()).view.pid).toBe(standby.child.pid)
    standby.child.kill('SIGTERM')
    expect(await standby.ended).toMatchObject({ code: 0 })
    expect(readdirSync(join(folder(), 'service'))).not.toContain('socket')
  })

  it('is none where the journal is the folder, or of another log: it is refused, naming the first', async () => {
    const named = async (second: Started, first: Started) =>
      expect(await failure(second)).toMatchObject({
        code: 5,
        error: { code: 'CONFLICT', message: expect.stringContaining(`(process ${first.child.pid})`) },
      })
    const plain = serve('second', 'none')
    await plain.saw('"ready"')
    await named(serve('second', 'none'), plain)
    const first = serve('first', config('one.config.ts', 'hot_one', 'standby: true'))
    await first.saw('"ready"')
    const other = config('other.config.ts', 'hot_other', 'standby: true')
    await named(serve('first', other), first)
    // Also where it would have to wait, and the lease of the other log was given back.
    const elsewhere = serve('third', other)
    await elsewhere.saw('"ready"')
    await named(serve('first', other), first)
    expect((await service()).view.pid).toBe(first.child.pid)
  })
})

describe('a second service on one namespace', { timeout: 120_000 }, () => {
  const refused = (data: string, file: string) => failure(serve(data, file))

  it('is refused naming the first, where it is no standby', async () => {
    const file = config('single.config.ts', 'single')
    const first = serve('first', file)
    await first.saw('"ready"')
    expect(await refused('second', file)).toMatchObject({
      code: 5,
      error: { code: 'CONFLICT', message: expect.stringContaining(`(process ${first.child.pid} `) },
    })
  })

  it('is refused naming both deployments, where it is of another one, also as a standby and after the first has ended', async () => {
    const ours = config('ours.config.ts', 'shared', 'standby: true')
    const theirs = config('theirs.config.ts', 'shared', 'standby: true', 'theirs')
    const first = serve('first', ours)
    await first.saw('"ready"')
    const expected = {
      code: 5,
      error: {
        code: 'CONFLICT',
        message: expect.stringMatching(/default.*ours.*theirs/),
        problems: [{ remedy: expect.stringContaining('namespace') }],
      },
    }
    expect(await refused('second', theirs)).toMatchObject(expected)
    first.child.kill('SIGTERM')
    await first.ended
    expect(await refused('second', theirs)).toMatchObject(expected)
  })
})
