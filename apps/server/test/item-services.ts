import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { begin, NODE, place, type Place, type Started } from './seamark.ts'

const web = {
  name: 'web',
  run: `echo up as $WHO; exec node -e "require('node:http').createServer((_, res) => res.end('served')).listen(8080, '127.0.0.1')"`,
  ready: { run: 'curl -sf http://127.0.0.1:8080 > /dev/null', every: '50ms' },
  env: { WHO: 'web' },
}
const get = 'curl -sf http://127.0.0.1:8080'
const ready = { run: 'true' }
const up = { run: 'test -e "$SEAMARK_SERVICE_DIR/up"', every: '20ms' }
/** A byte near the end of what is kept. */
const full = {
  run: 'dd if=/run/seamark-services/db.log bs=1 skip=16777214 count=1 2> /dev/null | grep -q y',
  every: '50ms',
}
const dies = 'echo $$ > "$SEAMARK_SERVICE_DIR/pid"; until test -e go; do sleep 0.05; done; kill -9 $$'
const outlives = 'touch go; while kill -0 "$(cat /run/seamark-services/data/db/pid)" 2> /dev/null; do sleep 0.05; done'
const deaf = 'trap "" TERM; touch "$SEAMARK_SERVICE_DIR/up"; while :; do sleep 1; done'

const items = [
  { id: 'used', run: `${get} > got.txt`, services: [web], gates: [{ run: `test "$(${get})" = "$(cat got.txt)"` }] },
  { id: 'two', run: `${get}`, services: [web] },
  { id: 'never', run: 'true', services: [{ ...web, ready: { run: 'echo refused; false', timeout: '500ms' } }] },
  {
    id: 'dies',
    run: outlives,
    services: [{ name: 'db', run: dies, ready: { run: 'test -s "$SEAMARK_SERVICE_DIR/pid"' } }],
  },
  { id: 'deaf', run: 'true', services: [{ name: 'db', run: deaf, ready: up, stop: '200ms' }] },
  { id: 'loud', run: 'sleep 1', services: [{ name: 'db', run: 'exec yes', ready: full }] },
  { id: 'live', run: 'sleep 600', services: [{ name: 'db', run: 'echo first; sleep 1; echo second; exec sleep 600', ready }] }, // prettier-ignore
]

interface Ended {
  readonly outcome: string
  readonly reason: string
  readonly detail?: string
  readonly product?: Product
}

interface Product {
  readonly services?: readonly { readonly name: string; readonly end?: string; readonly lost?: number }[]
}

/** Tests of items with services, on a real service, in attempts on one executor. */
export function testsOfItemServices(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  const ended = new Map<string, Ended>()
  const products = new Map<string, Product>()
  let followed = ''

  const seamark = (...argv: readonly string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')

  beforeAll(async () => {
    const ground = await open(here)
    undo.push(ground.stop)
    here.write('seamark.config.mjs', `export default { ${ground.line} queues: { default: { concurrency: 4 } } }\n`)
    const service: Started = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
    undo.push(async () => service.child.kill('SIGTERM') && (await service.ended))
    await service.saw('socket')
    const defaults = { timeout: '2m', executor: ground.executor }
    here.write('plan.json', JSON.stringify({ version: 1, defaults, items }))
    const run = here.start('run', 'plan.json', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
    await run.saw('"run.submitted"')
    const log = here.start('logs', 'r', 'live', '--service', 'db', '-f', '--config', 'seamark.config.mjs')
    await log.saw('second')
    await seamark('cancel', 'r', 'live')
    followed = (await log.ended).out
    const { out } = await run.ended
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      if (kind === 'attempt.ended') ended.set(item, data)
      if (data?.product !== undefined) products.set(item, data.product)
    }
  }, 240_000)
  afterAll(async () => {
    for (const step of undo.toReversed()) await step()
  }, 60_000)

  it('are used by the program and by its gate, each with its own, and by two items at one address', async () => {
    expect(ended.get('used')).toMatchObject({ outcome: 'succeeded' })
    expect(ended.get('two')).toMatchObject({ outcome: 'succeeded' })
    for (const more of [[], ['--gate', '1']])
      expect(await seamark('logs', 'r', 'used', '--service', 'web', ...more)).toMatchObject({ out: 'up as web\n' })
    expect((await seamark('status', 'r', 'used')).out).toContain('service   web, stopped with the item')
  })

  it('that are not ready end the attempt by name, and their log is kept', async () => {
    expect(ended.get('never')).toMatchObject({ outcome: 'failed', reason: 'service-not-ready' })
    expect(ended.get('never')?.detail).toMatch(/^web .*refused/s)
    expect((await seamark('logs', 'r', 'never', '--service', 'web')).out).toContain('refused\n')
  })

  it('that die, are deaf or write without end change no outcome, and are told of', () => {
    expect(ended.get('dies')).toMatchObject({ outcome: 'succeeded', detail: expect.stringContaining('SIGKILL') })
    for (const id of ['deaf', 'loud']) expect(ended.get(id)).toMatchObject({ outcome: 'succeeded' })
    const ends = ['dies', 'deaf', 'loud'].map((id) => products.get(id)?.services?.[0]?.end)
    expect(ends).toEqual(['ended', 'killed', 'stopped'])
    expect(products.get('loud')?.services?.[0]?.lost).toBeGreaterThan(0)
  })

  it('are followed while they run, to the end of what they wrote', () => {
    expect(followed).toBe('first\nsecond\n')
    expect(ended.get('live')).toMatchObject({ outcome: 'canceled' })
  })

  it('that are not there are said to be so', async () => {
    const { code, err } = await seamark('logs', 'r', 'used', '--service', 'none')
    expect([code, err.split(' ')[0]]).toEqual([4, 'NOT_FOUND'])
    expect((await seamark('logs', 'r', 'used', '--service', 'web', '--stderr')).err).toContain('INVALID_INPUT')
  })
}
