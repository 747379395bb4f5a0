import { docker, startDocker } from '@seamark/testing-services'
import type { DockerEngine } from '@seamark/testing-services'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeImage } from './grounds.ts'
import { BIN, makePostgresImage } from './postgres-image.ts'
import { begin, NODE, place, type Started, until } from './seamark.ts'

const from = JSON.stringify(join(import.meta.dirname, '../../../packages/executor-docker/src/index.ts'))
const sandbox = JSON.stringify(join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts'))
const psql = (sql: string): string => `psql -h 127.0.0.1 -U app -d postgres -Atc "${sql}"`

/** One that the deployment names and the engine has not. */
const ABSENT = `sha256:${'1'.repeat(64)}`

interface Told {
  readonly outcome?: string
  readonly reason?: string
  readonly detail?: string
  readonly product?: { readonly services?: readonly Readonly<Record<string, unknown>>[] }
}

describe('services that are containers', { timeout: 180_000 }, () => {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  const config = ['--config', 'seamark.config.mjs']
  let engine: DockerEngine
  let service: Started
  let image = ''

  const seamark = (...argv: string[]) => here.seamark(...argv, ...config)
  async function serve(): Promise<void> {
    service = begin(here.dir, [...NODE, 'serve', ...config])
    await service.saw('socket')
  }
  const db = (more = {}) => ({
    name: 'db',
    image,
    env: { POSTGRES_USER: 'app' },
    ready: { run: 'pg_isready -q -h 127.0.0.1', every: '100ms' },
    ...more,
  })
  function plan(name: string, items: readonly object[]): string {
    return here.write(name, JSON.stringify({ version: 1, defaults: { executor: 'docker', timeout: '2m' }, items }))
  }
  async function ends(out: string): Promise<Map<string, Told>> {
    const ended = new Map<string, Told>()
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      // What gates follow is told of before them.
      if (kind === 'item.captured' || (kind === 'attempt.ended' && !ended.has(item))) ended.set(item, data)
    }
    return ended
  }
  const running = async (): Promise<string[]> => {
    const out = await docker(engine, 'ps', '--format', '{{.Names}}')
    return out
      .trim()
      .split('\n')
      .filter((name) => name !== '')
  }

  beforeAll(async () => {
    const started = await startDocker()
    engine = started
    undo.push(() => started.stop())
    image = makePostgresImage(engine.socketPath)
    const programs = ['sh', 'cat', 'diff', 'echo', 'env', 'git', 'ls', 'node', 'rm', 'sleep', 'test', 'touch', 'true', `${BIN}/psql`] // prettier-ignore
    const options = {
      socketPath: engine.socketPath,
      image: makeImage(engine.socketPath, ...programs),
      serviceImages: [image, ABSENT],
      dir: here.data,
      // Whom the image knows: initdb asks for its own name.
      user: { uid: 65534, gid: 65534 },
      limits: { memoryBytes: 1024 ** 3 },
    }
    here.write(
      'seamark.config.mjs',
      `export default { executors: [(await import(${from})).dockerExecutor(${JSON.stringify(options)}), (await import(${sandbox})).sandboxExecutor({ dir: ${JSON.stringify(here.data)} })], queues: { default: { concurrency: 4 } } }\n`,
    )
    await serve()
    undo.push(async () => service.child.kill('SIGTERM') && (await service.ended))
  }, 180_000)
  afterAll(async () => {
    for (const step of undo.toReversed()) await step()
  }, 60_000)

  it('are a PostgreSQL for the program and for its gate, logged, and stopped with each', async () => {
    plan('plan.json', [
      {
        id: 'test',
        run: `${psql('create table t (n int); insert into t values (42)')} && ${psql('select n from t')} > a.txt; ls /var/lib/postgresql || true`,
        services: [db()],
        gates: [{ run: `${psql('select 6 * 7')} | diff - a.txt` }],
      },
      {
        id: 'two',
        run: `test "$SEAMARK_ITEM" = two && cat < /dev/null`,
        services: [
          db({
            run: 'echo "$POSTGRES_USER|$SEAMARK_SERVICE_DIR"; touch "$SEAMARK_SERVICE_DIR/up" 2>&1; exec sleep 1000',
            ready: { run: 'echo looked' },
          }),
          { name: 'own', run: 'exec sleep 1000', ready: { run: 'true' } },
        ],
      },
    ])
    const run = await seamark('run', 'plan.json', '--id', 'used', '--json')
    const ended = await ends(run.out)
    expect(ended.get('test')).toMatchObject({
      product: { patch: { files: 1 }, services: [{ name: 'db', end: 'stopped', code: 0 }] },
    })
    expect(ended.get('two')).toMatchObject({
      outcome: 'succeeded',
      product: {
        services: [
          { name: 'db', end: 'stopped', signal: 'SIGTERM' },
          { name: 'own', end: 'stopped' },
        ],
      },
    })
    for (const more of [[], ['--gate', '1']]) {
      const { out } = await seamark('logs', 'used', 'test', '--service', 'db', ...more)
      expect(out).toContain('ready to accept connections')
      expect(out).toContain('database system is shut down')
    }
    expect((await seamark('logs', 'used', 'two', '--service', 'db')).out).toContain(
      'app|/run/seamark-services/data/db\n',
    )
    // The file system of the item is its own.
    expect((await seamark('logs', 'used', 'test', '--stderr')).out).toContain('/var/lib/postgresql')
    expect(await running()).toEqual([])
  })

  it('that are not ready, or die, are told of as others are', async () => {
    plan('plan.json', [
      {
        id: 'never',
        run: 'true',
        services: [db({ ready: { run: 'echo refused; false', timeout: '20s', every: '100ms' } })],
      },
      { id: 'absent', run: 'true', services: [db({ image: ABSENT })] },
      { id: 'broken', run: 'true', services: [db({ run: 'echo no room; exit 3' })] },
      {
        id: 'deaf',
        run: 'true',
        services: [
          db({
            run: 'trap "" TERM; touch "$SEAMARK_SERVICE_DIR/up"; while :; do sleep 1; done',
            ready: { run: 'test -e "$SEAMARK_SERVICE_DIR/up"' },
            stop: '200ms',
          }),
        ],
      },
      {
        id: 'dies',
        run: `${psql("copy (select 1) to '/var/lib/postgresql/data/leave'")}; while ${psql('select 1')}; do sleep 0.1; done; echo on`,
        services: [
          db({
            run: '/entry.sh postgres & until test -e "$PGDATA/leave"; do sleep 0.1; done; kill -9 $!; kill -9 $$',
          }),
        ],
      },
    ])
    const run = await seamark('run', 'plan.json', '--id', 'mishaps', '--json')
    const ended = await ends(run.out)
    expect(ended.get('never')).toMatchObject({ outcome: 'failed', reason: 'service-not-ready' })
    expect(ended.get('never')?.detail).toMatch(/^db .*refused/s)
    expect(ended.get('absent')).toMatchObject({ outcome: 'failed', detail: expect.stringContaining(ABSENT) })
    expect(ended.get('broken')).toMatchObject({
      reason: 'service-not-ready',
      detail: expect.stringContaining('no room'),
    })
    expect(ended.get('deaf')).toMatchObject({
      outcome: 'succeeded',
      product: { services: [{ name: 'db', end: 'killed' }] },
    })
    expect(ended.get('dies')).toMatchObject({
      outcome: 'succeeded',
      product: { services: [{ name: 'db', end: 'ended', signal: 'SIGKILL' }] },
    })
    expect(await running()).toEqual([])
  })

  it('outlive the service that is killed, and end with the item where no service is there', async () => {
    plan('plan.json', [
      {
        id: 'on',
        run: `echo here; until test -e /workspace/go; do sleep 0.1; done; ${psql('select 6 * 7')} > a.txt`,
        services: [db()],
      },
    ])
    await seamark('submit', 'plan.json', '--id', 'outlived')
    await until(async () => (await seamark('logs', 'outlived', 'on')).out.includes('here'), 60_000)
    const [beside = ''] = (await running()).filter((name) => name.endsWith('.db'))
    const { State, Config, HostConfig } = JSON.parse(await docker(engine, 'inspect', beside))[0]
    // It is as closed as that of the item, and has its network alone.
    const own = JSON.parse(await docker(engine, 'inspect', beside.replace(/\.db$/, '')))[0]
    expect(HostConfig).toMatchObject({
      NetworkMode: `container:${own.Id}`,
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: own.HostConfig.SecurityOpt,
      Memory: 512 * 1024 ** 2,
      MemorySwap: 512 * 1024 ** 2,
      PidsLimit: 256,
    })
    expect(own.HostConfig).toMatchObject({ NetworkMode: 'none', Memory: 512 * 1024 ** 2 })
    expect(Config.User).toBe('65534:65534')
    const status = readFileSync(`/proc/${State.Pid}/status`, 'utf8')
    expect(status).toMatch(/CapBnd:\s+0{16}\nCapAmb:\s+0{16}\nNoNewPrivs:\s+1\nSeccomp:\s+2/)
    expect(readFileSync(`/proc/${State.Pid}/net/dev`, 'utf8').trim().split('\n').slice(2)).toEqual([
      expect.stringMatching(/^\s*lo:/),
    ])
    service.child.kill('SIGKILL')
    await service.ended
    expect(await running()).toHaveLength(2)
    const out = await docker(engine, 'ps', '-q', '--filter', 'label=dev.seamark.companions=1')
    const inspected = await docker(
      engine,
      'inspect',
      '--format',
      '{{range .Mounts}}{{if eq .Destination "/workspace"}}{{.Source}}{{end}}{{end}}',
      out.trim(),
    )
    writeFileSync(join(inspected.trim(), 'go'), '')
    // Nobody but the containers themselves is there to end them.
    await until(async () => (await running()).length === 0, 60_000)
    await serve()
    await until(async () => (await seamark('status', 'outlived')).out.includes('succeeded'), 60_000)
    expect((await seamark('status', 'outlived', 'on')).out).toContain('service   db, stopped with the item')
    expect(await docker(engine, 'ps', '-aq')).toBe('')
  })

  it('are dead with an item that is canceled', async () => {
    plan('plan.json', [{ id: 'live', run: 'echo here; exec sleep 600', services: [db()] }])
    await seamark('submit', 'plan.json', '--id', 'canceled')
    await until(async () => (await seamark('logs', 'canceled', 'live')).out.includes('here'), 60_000)
    expect(await running()).toHaveLength(2)
    await seamark('cancel', 'canceled', 'live')
    await until(async () => (await seamark('status', 'canceled')).out.includes('canceled'), 60_000)
    expect(await running()).toEqual([])
    expect((await seamark('logs', 'canceled', 'live', '--service', 'db')).out).toContain('ready to accept connections')
  })

  it('are refused at submit where they can not be, with place and remedy', async () => {
    plan('plan.json', [
      { id: 'sandbox', run: 'true', executor: 'sandbox', services: [db()] },
      { id: 'other', run: 'true', services: [db({ image: `sha256:${'0'.repeat(64)}` })] },
      { id: 'tag', run: 'true', services: [db({ image: 'postgres:17' })] },
      { id: 'nothing', run: 'true', services: [db({ image: undefined })] },
    ])
    const { code, err } = await seamark('submit', 'plan.json', '--json')
    const { problems } = JSON.parse(err).error
    expect(code).toBe(7)
    expect(problems.map((one: { code: string; place: { pointer: string } }) => [one.code, one.place.pointer])).toEqual([
      ['UNSUPPORTED', '/items/0/services/0/image'],
      ['UNSUPPORTED', '/items/1/services/0/image'],
      ['INVALID_INPUT', '/items/2/services/0/image'],
      ['INVALID_INPUT', '/items/3/services/0'],
    ])
  })
})
