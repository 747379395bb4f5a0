import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AnyRecord, Executor, ItemSpec, RecordKind, SpendLimits } from '@seamark/core'
import { gatewayEgress, type GatewayEgress } from '@seamark/gateway'
import { allowLocal } from '@seamark/kit'
import { createEngine, type Engine } from '@seamark/orchestrator'
import { parsePlan } from '@seamark/protocol'
import { command } from '@seamark/runtime-command'
import { folderStorage } from '@seamark/storage-local'
import { memoryJournal, memorySigner } from '@seamark/testing'
import { localWorker } from '@seamark/worker'
import { modelHost, type ModelHost } from './model-host.ts'
import { until } from './seamark.ts'

const ME = { id: 'local:0' }
const CLAUDE = 'claude-sonnet-4-5-20250929'
// What the recorded stream says was used, at the published price of that model.
const SPENT = 17_100_000
const CHAT_RATES = { input: 1_000, output: 5_000, cacheRead: 100 }

const CURL = `curl -sS --no-buffer -o`
/** Executors on one ground: each is made as a service makes it when it starts. */
export interface ExecutorGround {
  make(): Executor
  stop(): Promise<void>
}

/** Tests of metered calls, through an engine and a gateway, in attempts on one executor. */
export function testsOfMeters(open: (dir: string) => Promise<ExecutorGround>): void {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-metered-'))
  const kept = memoryJournal()
  const undo: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })]
  let make: () => Executor
  let host: ModelHost
  let egress: GatewayEgress
  let executor: Executor
  let engine: Engine

  /** Everything but the journal as a service makes it anew when it starts. */
  async function begin(): Promise<void> {
    egress = gatewayEgress({
      privateRanges: ['127.0.0.0/8'],
      extraCas: [host.ca],
      meters: {
        model: { hosts: { '127.0.0.1': 'anthropic' }, maxOutputTokens: 1_000 },
        chat: {
          hosts: { '127.0.0.2': 'openai' },
          maxOutputTokens: 1_000,
          prices: [
            {
              provider: 'openai',
              model: 'chatty',
              prices: [{ from: '2026-01-01', source: 'https://prices.example/', nanoUsdPerToken: CHAT_RATES }],
            },
          ],
        },
      },
    })
    executor = make()
    const storage = folderStorage({ dir: join(dir, 'storage') })
    engine = createEngine({
      ns: 'default',
      ...kept,
      worker: localWorker({ dir: join(dir, 'work'), storage, runtimes: [command()], egress }),
      executors: [executor],
      runtimes: ['command'],
      authorizer: allowLocal(),
      signer: memorySigner(),
      queues: { default: { concurrency: 4 } },
      newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
      version: '0.0.0',
      holder: 'test',
    })
    await engine.start()
  }

  async function end(): Promise<void> {
    await engine.stop()
    await egress.close()
    await executor.close?.()
  }

  beforeAll(async () => {
    const ground = await open(dir)
    make = ground.make
    undo.push(ground.stop)
    host = await modelHost(dir)
    undo.push(host.close)
    await begin()
    undo.push(end)
  }, 120_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  /** One item with a way out to the models and a budget. */
  function itemOf(lines: readonly string[], budget: SpendLimits): ItemSpec {
    const allow = [
      { host: '127.0.0.1', port: host.port, mode: 'endpoint', methods: ['POST'], paths: ['/v1/*'], meter: 'model' },
      { host: '127.0.0.2', port: host.port, mode: 'intercept', methods: ['POST'], meter: 'chat' },
    ]
    const run = [
      'set -eu',
      `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${host.port}"]')`,
      `body='${JSON.stringify({ model: CLAUDE, max_tokens: 1_000, stream: true, messages: [{ role: 'user', content: 'Hi' }] })}'`,
      ...lines,
    ].join('\n')
    const { filesystem, network, limits } = executor.guarantees
    const held = Object.fromEntries(
      (['cpu', 'memory', 'pids', 'disk', 'idle'] as const).map((name) => [name, limits[name]?.value ?? 'none']),
    ) as Record<'cpu' | 'memory' | 'pids' | 'disk' | 'idle', 'none'>
    const plan = parsePlan(
      JSON.stringify({
        version: 1,
        items: [{ id: 'a', run, timeout: '60s', network: { allow }, executor: executor.name }],
      }),
      {
        format: 'json',
        deployment: {
          queues: ['default'],
          executors: [{ name: executor.name, holds: { filesystem, network: network.value, limits: held } }],
          runtimes: ['command'],
          lineRuntimes: ['command'],
          egress: { inject: [], meters: egress.meters },
        },
      },
    )
    if (!plan.ok) throw new Error(JSON.stringify(plan.problems))
    const [item] = plan.plan.items
    if (item === undefined) throw new Error('no item')
    return { ...item, budget }
  }

  const submit = (run: string, lines: readonly string[], budget: SpendLimits) =>
    engine.submit(ME, {
      run,
      plan: 'a'.repeat(64),
      spec: { workspace: { type: 'empty' } },
      items: [itemOf(lines, budget)],
    })

  /** All records of a run. */
  async function recordsIn(run: string): Promise<AnyRecord[]> {
    const found: AnyRecord[] = []
    for await (const { header } of kept.journal.read('default', 0))
      found.push(JSON.parse(Buffer.from(header).toString('utf8')))
    return found.filter((record) => record.run === run)
  }

  async function recordsOf<K extends RecordKind>(run: string, kind: K): Promise<Extract<AnyRecord, { kind: K }>[]> {
    return (await recordsIn(run)).filter((record): record is Extract<AnyRecord, { kind: K }> => record.kind === kind)
  }

  /** Of what was settled and reserved at any time, the most; a reservation is over with its settlement. */
  async function mostOf(run: string): Promise<{ most: number; settled: number }> {
    const open = new Map<string, number>()
    let [most, settled] = [0, 0]
    for (const { kind, data } of await recordsIn(run)) {
      if (kind === 'usage.reserved') open.set(data.id, data.nanoUsd)
      if (kind === 'usage.settled') {
        open.delete(data.id)
        settled += data.charged.nanoUsd
      }
      most = Math.max(most, settled + [...open.values()].reduce((sum, each) => sum + each, 0))
    }
    return { most, settled }
  }

  describe('a call to a model', () => {
    it('is settled at what its stream says, by either way in', { timeout: 90_000 }, async () => {
      const chat = JSON.stringify({ model: 'chatty', stream: true, messages: [{ role: 'user', content: 'Hi' }] })
      const lines = [
        `curl -fsS "$base/v1/messages" -d "$body" > one.txt && grep -q message_stop one.txt`,
        `curl -fsS "https://127.0.0.2:${host.port}/v1/chat/completions?chat" -d '${chat}' > two.txt && grep -q DONE two.txt`,
      ]
      await submit('settles', lines, { nanoUsd: 1_000_000_000 })
      expect(await engine.sealed('settles')).toBe('succeeded')
      const [one, two] = await recordsOf('settles', 'usage.settled')
      expect(one?.data).toMatchObject({ as: 'used', charged: { nanoUsd: SPENT }, excess: { nanoUsd: 0 } })
      const { input, output, cacheRead } = CHAT_RATES
      expect(two?.data).toMatchObject({
        as: 'used',
        charged: { nanoUsd: 10 * input + 210 * output + 9 * cacheRead },
        usage: { input: 10, output: 210, cacheRead: 9 },
      })
      // The longest answer is set where the program does not say, and the stream is made to say its usage.
      expect(JSON.parse(host.asked.get('?chat')?.[0] ?? '')).toMatchObject({
        max_completion_tokens: 1_000,
        stream_options: { include_usage: true },
      })
      const all = await recordsOf('settles', 'usage.reserved')
      const ended = (await recordsOf('settles', 'attempt.ended'))[0]?.seq ?? 0
      expect(all.map(({ seq }) => seq < ended)).toEqual([true, true])
    })

    it('with nineteen others at once never spends more than the budget', { timeout: 90_000 }, async () => {
      const client = `const ask = () => fetch(process.argv[1] + '/v1/messages?many', { method: 'POST', body: process.argv[2] }).then(async (r) => (await r.text(), r.status)); Promise.all(Array.from({ length: 20 }, ask)).then((all) => require('fs').writeFileSync('all.json', JSON.stringify(all)))`
      await submit('many', [`node -e '${client.replaceAll("'", `'"'"'`)}' "$base" "$body"`, 'cat all.json'], {
        nanoUsd: 100_000_000,
      })
      expect(await engine.sealed('many')).toBe('succeeded')
      const went = host.asked.get('?many')?.length ?? 0
      const { most, settled } = await mostOf('many')
      expect([went > 1, went < 20]).toEqual([true, true])
      expect(settled).toBe(went * SPENT)
      expect(most).toBeLessThanOrEqual(100_000_000)
      const refused = (await recordsOf('many', 'usage.refused')).map(({ data }) => data)
      expect(refused.length).toBeGreaterThan(0)
      for (const one of refused) expect(one).toMatchObject({ code: 'LIMIT_EXCEEDED', of: 'nanoUsd' })
      const decided = (await recordsOf('many', 'egress.decided')).map(({ data }) => data)
      const sum = (reason: string) =>
        decided.filter((one) => one.reason === reason).reduce((all, { count }) => all + count, 0)
      expect([sum('listed'), sum('budget')]).toEqual([went, 20 - went])
    })

    it('that is cut settles at what was reserved', { timeout: 90_000 }, async () => {
      await submit('cut', [`${CURL} cut.txt "$base/v1/messages?cut" -d "$body" || true`], { nanoUsd: 1_000_000_000 })
      expect(await engine.sealed('cut')).toBe('succeeded')
      const [reserved] = await recordsOf('cut', 'usage.reserved')
      expect((await recordsOf('cut', 'usage.settled')).map(({ data }) => data)).toMatchObject([
        { as: 'reserved', charged: { nanoUsd: reserved?.data.nanoUsd } },
      ])
    })

    it('of a model without a price never goes out under a budget of money', { timeout: 90_000 }, async () => {
      const status = `[ "$(${CURL} no.txt -w '%{http_code}' "$base/v1/messages?unknown" -d '{"model":"nobody-knows","max_tokens":9}')" = 400 ]`
      await submit('unknown', [status], { nanoUsd: 1_000_000_000 })
      expect(await engine.sealed('unknown')).toBe('succeeded')
      expect(await recordsOf('unknown', 'usage.refused')).toMatchObject([{ data: { code: 'UNSUPPORTED' } }])
      expect(host.asked.get('?unknown')).toBeUndefined()
    })
  })

  it('parks an item whose budget is used up, kept whole, and goes on from there', { timeout: 90_000 }, async () => {
    const lines = [
      '[ -e made.txt ] && echo resumed >> made.txt || echo first > made.txt',
      `curl -sS -o answer.txt -w '%{http_code}' "$base/v1/messages?park" -d "$body" > status.txt`,
      'grep -q 200 status.txt || { grep -q billing_error answer.txt && exit 3; exit 4; }',
      'grep -q first made.txt && grep -q resumed made.txt',
    ]
    await submit('park', lines, { nanoUsd: 1_000_000 })
    await until(() => engine.waiting('park', 'a')?.for === 'parked')
    expect(engine.waiting('park', 'a')).toMatchObject({ for: 'parked', reason: 'budget' })
    expect(host.asked.get('?park')).toBeUndefined()
    const [ended] = await recordsOf('park', 'attempt.ended')
    expect(ended?.data).toMatchObject({ outcome: 'parked', reason: 'budget', detail: 'item:park/a', exit: { code: 3 } })
    expect((await recordsOf('park', 'item.parked'))[0]?.data.snapshot).toBeDefined()
    const waiting = engine.waiting('park', 'a')
    await engine.approve(ME, 'park', 'a', waiting?.for === 'parked' ? waiting.token : '', { nanoUsd: 99_000_000 })
    expect(await engine.sealed('park')).toBe('succeeded')
    expect((await recordsOf('park', 'usage.settled')).map(({ data }) => data.charged.nanoUsd)).toEqual([SPENT])
  })

  it(
    'warns at four fifths of a budget, parks at its end, and goes on when it is approved',
    { timeout: 90_000 },
    async () => {
      const lines = [
        `ask() { curl -sS -o answer.txt -w '%{http_code}' "$base/v1/messages?five" -d "$body" > status.txt; grep -q 200 status.txt; }`,
        '[ -e five ] || for i in 1 2 3 4 5; do ask || exit 4; done; touch five',
        'ask || exit 3',
      ]
      await submit('warn', lines, { nanoUsd: 100_000_000 })
      await until(() => engine.waiting('warn', 'a')?.for === 'parked', 60_000)
      expect(host.asked.get('?five')).toHaveLength(5)
      expect((await recordsOf('warn', 'budget.warned')).map(({ data }) => data)).toMatchObject([
        { account: 'item:warn/a', of: 'nanoUsd', settled: 5 * SPENT, limit: 100_000_000 },
      ])
      const waiting = engine.waiting('warn', 'a')
      await engine.approve(ME, 'warn', 'a', waiting?.for === 'parked' ? waiting.token : '', { nanoUsd: 900_000_000 })
      expect(await engine.sealed('warn')).toBe('succeeded')
      expect(host.asked.get('?five')).toHaveLength(6)
    },
  )

  it('charges what was reserved when the service starts again, and meters on', { timeout: 90_000 }, async () => {
    const lines = [
      `${CURL} hang.txt "$base/v1/messages?hang" -d "$body" || true`,
      `until curl -fsS "$base/v1/messages?again" -d "$body" > again.txt; do sleep 0.1; done`,
    ]
    await submit('restart', lines, { nanoUsd: 1_000_000_000 })
    await until(() => host.asked.has('?hang'))
    await end()
    expect(await recordsOf('restart', 'usage.settled')).toEqual([])
    await begin()
    expect(await engine.sealed('restart')).toBe('succeeded')
    const [reserved] = await recordsOf('restart', 'usage.reserved')
    const settled = await recordsOf('restart', 'usage.settled')
    expect(settled.map(({ data }) => [data.as, data.charged.nanoUsd])).toEqual([
      ['reserved', reserved?.data.nanoUsd],
      ['used', SPENT],
    ])
  })
}
