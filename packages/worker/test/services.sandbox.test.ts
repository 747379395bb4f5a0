import type { BlobRef, Exit, ItemSpec, SecretStore, ServiceSpec, StepReport, StepTask } from '@seamark/core'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { blobKey, launchId } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { folderStorage } from '@seamark/storage-local'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LocalWorker } from '../src/index.ts'
import { localWorker, WORKER_LIMITS } from '../src/index.ts'
import { item } from './attempt.ts'
import { collect, repository, temporary } from './repository.ts'

const dir = temporary()
const data = join(dir, 'data')
const storage = folderStorage({ dir: join(data, 'storage') })
const maxServiceLogBytes = 200_000
const worker = localWorker({
  dir: join(data, 'worker'),
  storage,
  runtimes: [command()],
  limits: { ...WORKER_LIMITS, maxServiceLogBytes },
})
const base = repository(join(dir, 'base'), { 'a.txt': 'one\n' })
const executor = sandboxExecutor({ dir: data, graceMs: 100 })
afterAll(() => executor.close?.())

const READY = { run: 'true', everyMs: 20, timeoutMs: 20_000 }

function service(name: string, run: string, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return { name, run, ready: READY, env: {}, stopMs: 10_000, ...more }
}

let n = 0

async function exitOf(id: string): Promise<Exit> {
  for await (const event of executor.events(undefined))
    if (event.launchId === id && event.state.state === 'exited') return event.state.exit
  throw new Error('no end')
}

async function play(
  spec: ItemSpec,
  more: Partial<StepTask> = {},
  on: LocalWorker = worker,
): Promise<StepReport & { readonly exit: Exit }> {
  const workspace = await on.workspaces('ns', 'git').resolve({ git: base, from: '/' })
  const step: StepTask = {
    ns: 'ns',
    run: 'run',
    fence: 1,
    attempt: 1,
    step: 'main',
    inputs: [],
    workspace,
    item: spec,
    launchId: launchId('ns', 'run', 'it', n++, 'main'),
    ...more,
  }
  await executor.launch(step.launchId, await on.prepare(step, executor))
  const end = exitOf(step.launchId)
  await on.follow(step, executor, end)
  const exit = await end
  const report = await on.capture(step, executor, exit)
  await on.release(step)
  await executor.reap(step.launchId)
  expect(readdirSync(join(data, 'worker/namespaces/ns/attempts'))).toEqual([])
  return { ...report, exit }
}

const served = (services: readonly ServiceSpec[], run: string, more: Partial<ItemSpec> = {}) =>
  play(item(run, { executor: 'sandbox', services, timeoutMs: 60_000, ...more }))

async function text(ref: BlobRef | undefined): Promise<string> {
  const found = ref && (await storage.get(blobKey('ns', ref.sha256)))
  return found === undefined ? '' : (await collect(found.body)).toString('utf8')
}

const DONE = { outcome: 'succeeded', reason: 'completed' }

/** Debian's PostgreSQL, as a user that is not root: the sandbox's. */
const BIN = '/usr/lib/postgresql/15/bin'
const postgres = service(
  'db',
  [
    `${BIN}/initdb -D "$SEAMARK_SERVICE_DIR/pg" -U it -A trust >/dev/null`,
    `exec ${BIN}/postgres -D "$SEAMARK_SERVICE_DIR/pg" -k "$SEAMARK_SERVICE_DIR" -c listen_addresses=127.0.0.1`,
  ].join(' && '),
  { ready: { ...READY, run: `${BIN}/pg_isready -q -h 127.0.0.1 -U it`, everyMs: 100, timeoutMs: 60_000 } },
)
const psql = (sql: string): string => `psql -h 127.0.0.1 -U it -d postgres -Atc "${sql}"`

describe('a real PostgreSQL', () => {
  it('is there for the program and for its gate, stopped with each, and in no patch and no snapshot', async () => {
    const run = `${psql('create table t (n int); insert into t values (42)')} && ${psql('select n from t')} > a.txt`
    const gates = [{ run: `${psql('select 6 * 7')} | diff - a.txt`, protect: [], timeoutMs: 60_000 }]
    const spec = item(run, { executor: 'sandbox', services: [postgres], gates })
    const { verdict, product, exit } = await play(spec)
    expect(verdict).toEqual(DONE)
    expect(product?.patch?.files).toBe(1)
    expect(product?.services).toMatchObject([{ name: 'db', end: 'stopped', code: 0 }])
    expect(await text(product?.services?.[0]?.log)).toContain('database system is ready to accept connections')
    expect(await text(product?.services?.[0]?.log)).toContain('database system is shut down')
    expect(exit.left).toEqual({ processes: 0, names: [] })
    expect(await text(product?.snapshot)).not.toContain('PG_VERSION')
    const gate = await play(spec, { step: 'gate:0', ...(product && { judged: product }) })
    expect(gate.verdict).toEqual(DONE)
    expect(gate.services).toMatchObject([{ name: 'db', end: 'stopped', code: 0 }])
  })

  it('that is killed in the middle is told by name, and the item goes on', async () => {
    const run = `kill -9 $(head -1 $(echo /run/seamark-services/data/db/pg/postmaster.pid)); while ${psql('select 1')}; do sleep 0.05; done; echo on > a.txt`
    const { verdict, product } = await served([postgres], run)
    expect(verdict).toMatchObject({ ...DONE, detail: expect.stringContaining('Service db ended') })
    expect(product?.services).toMatchObject([{ name: 'db', end: 'ended', signal: 'SIGKILL' }])
    expect(product?.patch?.files).toBe(1)
  })
})

describe('services', () => {
  it('start in order, each once the one before is ready, and end the other way round', async () => {
    const note = (name: string) =>
      `echo start ${name} >> "$TMPDIR/order"; trap 'echo stop ${name} >> "$TMPDIR/order"; exit 0' TERM; touch "$SEAMARK_SERVICE_DIR/up"; while :; do sleep 0.02; done`
    const ready = { ...READY, run: 'test -e "$SEAMARK_SERVICE_DIR/up" && echo ready >> "$TMPDIR/order"' }
    const order = service('last', 'trap "cat $TMPDIR/order; exit 0" TERM; while :; do sleep 0.02; done 2> /dev/null')
    const { verdict, product } = await served(
      [order, service('a', note('a'), { ready }), service('b', note('b'), { ready })],
      'echo item >> "$TMPDIR/order"',
    )
    expect(verdict).toEqual(DONE)
    expect((await text(product?.services?.[0]?.log)).replace('Terminated\n', '').trim().split('\n')).toEqual([
      'start a',
      'ready',
      'start b',
      'ready',
      'item',
      'stop b',
      'stop a',
    ])
  })

  it('have variables and folders of their own, and the loopback and the files of the item', async () => {
    const run = 'echo "$A|$B|$SEAMARK_SERVICE_DIR|$(cat a.txt)"; exec sleep 1000'
    const ready = { ...READY, run: 'grep -q one /run/seamark-services/a.log' }
    const services = [service('a', run, { env: { A: 'own', B: '' }, ready })]
    const { product, verdict } = await served(services, 'test "$A" = item', { env: { A: 'item' } })
    expect(verdict).toEqual(DONE)
    expect(await text(product?.services?.[0]?.log)).toBe('own||/run/seamark-services/data/a|one\n')
  })

  it.each([
    ['code', 'exit 7', { reason: 'exit-code', detail: '7' }],
    ['signal', 'kill -USR1 $$', { reason: 'signal', detail: 'SIGUSR1' }],
  ])('change nothing of how the program ends: %s', async (_, run, ending) => {
    const { verdict, product } = await served([service('a', 'exec sleep 1000')], run)
    expect(verdict).toEqual({ outcome: 'failed', ...ending })
    expect(product?.services).toMatchObject([{ name: 'a', end: 'stopped', signal: 'SIGTERM' }])
  })

  it('are not seen by a program that is spoken to: its input, its output, and what it left', async () => {
    const { exit, product } = await served(
      [service('a', 'echo noise; exec sleep 1000')],
      'sleep 1000 & cat; ls /proc/self/fd | wc -l',
    )
    expect(await text(product?.stdout)).toBe('4\n')
    expect(exit.left).toEqual({ processes: 1, names: ['sleep'] })
  })

  it('that are never ready end the attempt by name, with what they wrote last', async () => {
    const started = Date.now()
    const never = service('db', 'echo can not bind; exec sleep 1000', {
      ready: { run: 'false', everyMs: 20, timeoutMs: 300 },
    })
    const { verdict, product } = await served([never, service('next', 'true')], 'echo ran > a.txt')
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'service-not-ready' })
    expect(verdict).toMatchObject({ detail: expect.stringMatching(/^db .*can not bind$/s) })
    expect(product?.services).toMatchObject([
      { name: 'db', end: 'not-ready' },
      { name: 'next', end: 'not-started' },
    ])
    expect(product?.patch).toBeUndefined()
    expect(Date.now() - started).toBeLessThan(15_000)
  })

  it.each([
    ['ends before it is ready', { run: 'exit 3', ready: { ...READY, run: 'false' } }, { code: 3 }],
    ['is no program', { run: 'no-such-program', ready: { ...READY, run: 'false' } }, { code: 127 }],
    ['is killed before it is ready', { run: 'kill -9 $$', ready: { ...READY, run: 'false' } }, { signal: 'SIGKILL' }],
    ['was ready and is gone', { run: 'sleep 0.3', ready: { ...READY, run: 'sleep 1' } }, { code: 0 }],
  ])('that %s: the program is not started', async (_, broken, how) => {
    const { verdict, product } = await served([service('db', '', broken)], 'echo ran > a.txt')
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'service-not-ready' })
    expect(product?.services).toMatchObject([{ name: 'db', end: 'not-ready', ...how }])
    expect(product?.patch).toBeUndefined()
  })

  it('that hang when they are asked are late', async () => {
    const hangs = service('db', 'exec sleep 1000', {
      ready: { run: 'trap "" TERM; sleep 1000', everyMs: 20, timeoutMs: 300 },
    })
    expect((await served([hangs], 'true')).verdict).toMatchObject({ reason: 'service-not-ready' })
  })

  it('that ignore SIGTERM are killed after their time, with all that they started', async () => {
    const deaf = service(
      'deaf',
      'trap "" TERM; touch "$SEAMARK_SERVICE_DIR/up"; (while :; do sleep 1; done) & while :; do sleep 1; done',
      {
        ready: { ...READY, run: 'test -e "$SEAMARK_SERVICE_DIR/up"' },
        stopMs: 200,
      },
    )
    const { verdict, product, exit } = await served([deaf], 'true')
    expect(verdict).toEqual(DONE)
    expect(product?.services).toMatchObject([{ name: 'deaf', end: 'killed', signal: 'SIGKILL' }])
    expect(exit.left).toEqual({ processes: 0, names: [] })
    expect(exit.endedAt - exit.startedAt).toBeLessThan(10_000)
  })

  it('are ended with their children before those are killed: a shell in between changes nothing', async () => {
    const inner = `sh -c 'trap "sleep 0.3; echo flushed; exit 0" TERM; echo up; while :; do sleep 0.02; done'`
    const ready = { ...READY, run: 'grep -q up /run/seamark-services/a.log' }
    const { product } = await served([service('a', `${inner}; true`, { ready })], 'true')
    expect(await text(product?.services?.[0]?.log)).toContain('flushed')
  })

  it('that write without end are kept up to the limit, and told how much was not', async () => {
    const { verdict, product } = await served([service('loud', 'exec yes')], 'sleep 1; echo on > a.txt')
    const [loud] = product?.services ?? []
    expect(verdict).toEqual(DONE)
    expect(loud?.log?.size).toBe(maxServiceLogBytes)
    expect(loud?.lost).toBeGreaterThan(1_000_000)
    expect(product?.patch?.files).toBe(1)
  })

  it('are dead with an item that is out of time; what they wrote is kept', async () => {
    // The start of the sandbox and of the service count to the time, however slow the machine is.
    const ready = { ...READY, run: 'grep -q here /run/seamark-services/a.log' }
    const services = [service('a', 'echo here; exec sleep 1000', { ready })]
    const { verdict, product } = await served(services, 'sleep 1000', { timeoutMs: 8_000 })
    expect(verdict).toEqual({ outcome: 'timed-out', reason: 'timeout' })
    expect(product?.services).toEqual([{ name: 'a', log: expect.anything() }])
    expect(await text(product?.services?.[0]?.log)).toBe('here\n')
  })

  it('count to the limits of the item', async () => {
    const policy = { limits: { memoryBytes: 64 * 2 ** 20 } }
    const eater = service('eater', `node -e "const a = []; setInterval(() => a.push(Buffer.alloc(8e6, 1)), 5)"`)
    const { verdict } = await served([eater], 'sleep 1000', { policy: { policy, digest: '0'.repeat(64) } })
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'limit', detail: 'memory' })
  })
})

describe('what an item can not do', () => {
  const folder = '/run/seamark-services'

  it('say that a service was not ready, end it without a trace, or find the key', async () => {
    const lie = `ls ${folder}/spec; rm ${folder}/report; printf 'x\\ndb late 0 0 1 0\\n' > ${folder}/report; echo lie > ${folder}/db.log; exit 125`
    const { verdict, product } = await served([service('db', 'exec sleep 1000')], lie)
    expect(verdict).toEqual({ outcome: 'failed', reason: 'exit-code', detail: '125' })
    expect(product?.services).toEqual([{ name: 'db', log: expect.anything() }])
    expect(await text(product?.stderr)).toContain('spec')
  })

  it('read or write the memory of what starts them', async () => {
    const look =
      'for f in environ mem maps fd/0; do cat /proc/$PPID/$f && echo open; done; ls /proc/$PPID/fd && echo open; true'
    const { verdict, product } = await served([service('db', 'exec sleep 1000')], look)
    expect(verdict).toEqual(DONE)
    expect(await text(product?.stdout)).not.toContain('open')
  })

  it('lead a log out of its folder, or to what is no file', async () => {
    const out = `rm ${folder}/*.log; ln -s /etc/passwd ${folder}/a.log; mkfifo ${folder}/b.log; mkdir ${folder}/c.log`
    const three = ['a', 'b', 'c'].map((name) => service(name, 'exec sleep 1000'))
    const { verdict, product } = await served(three, out)
    expect(verdict).toEqual(DONE)
    expect(product?.services?.map(({ log }) => log)).toEqual([undefined, undefined, undefined])
  })

  it('leave a file behind that is larger than what is kept', async () => {
    const { product } = await served([service('a', 'exec sleep 1000')], `head -c 1000000 /dev/zero > ${folder}/a.log`)
    expect(product?.services?.[0]?.log?.size).toBe(maxServiceLogBytes)
  })

  it('keep what starts them from ending: its end by SIGKILL is a failure', async () => {
    const { verdict } = await served([service('a', 'exec sleep 1000')], 'kill -9 $PPID; sleep 1000')
    expect(verdict).toEqual({ outcome: 'failed', reason: 'signal', detail: 'SIGKILL' })
    expect(existsSync(join(data, 'worker/namespaces/ns/kept'))).toBe(false)
  })
})

describe('a secret of the item', () => {
  const value = 'Zq8-0123456789@abc+Q'
  const secrets: SecretStore = {
    spec: 'secrets/v1',
    kind: 'test',
    name: 'test',
    guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(value) }),
    describe: async (ref) => ({ ref }),
  }
  const watched = localWorker({ dir: join(data, 'worker'), storage, runtimes: [command()], secrets })

  const rules = { network: { allow: [{ host: 'a.example', mode: 'endpoint' as const, paths: ['/*'], inject: 'key' }] } }
  const policy = { policy: rules, digest: '0'.repeat(64) }

  it('is in no log of a service, and in no reason', async () => {
    const parts = `${value.slice(0, 9)}' '${value.slice(9)}`
    const says = service('db', `printf 'a %s%s b\\n' '${parts}'; exit 1`, { ready: { ...READY, run: 'false' } })
    const spec = item('true', { executor: 'sandbox', services: [says], policy })
    const { verdict, product } = await play(spec, {}, watched)
    expect(await text(product?.services?.[0]?.log)).toBe('a [redacted:key] b\n')
    expect(verdict).toMatchObject({ reason: 'service-not-ready', detail: expect.stringContaining('[redacted:key]') })
  })

  const hex = Buffer.from(value).toString('hex')
  it.each<readonly [where: string, given: Partial<ServiceSpec>]>([
    ['the variable TOKEN of the service db', { env: { TOKEN: `x${value}` } }],
    ['the command of the service db', { run: `serve --token ${hex}` }],
    ['the ready command of the service db', { ready: { ...READY, run: `ask --token ${value}` } }],
  ])('is given to no service: %s', async (where, given) => {
    const spec = item('true', { executor: 'sandbox', services: [service('db', 'exec sleep 1000', given)], policy })
    await expect(play(spec, {}, watched)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: `The value of the secret key is in ${where}, which the program would get.`,
    })
  })
})
