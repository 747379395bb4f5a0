import { describe, expect, it } from 'vitest'
import { parsePlan, PLAN_LIMITS } from '../src/index.ts'
import type { PlanDeployment, PlanResult } from '../src/index.ts'
import { items } from './deployment.ts'

const image = `sha256:${'a'.repeat(64)}`
const postgres = `host:5000/a/postgres:17@${image}`

const limits = { cpu: 'none', memory: 'none', pids: 'none', disk: 'none', idle: 'none' } as const
const deployment: PlanDeployment = {
  queues: ['default'],
  executors: [
    { name: 'sandbox', holds: { filesystem: 'private', network: 'gateway', limits } },
    { name: 'docker', holds: { filesystem: 'private', network: 'gateway', companions: [image, postgres], limits } },
    { name: 'process', holds: { filesystem: 'host', network: 'host', limits } },
    { name: 'shared', holds: { filesystem: 'private', network: 'host', limits } },
  ],
  runtimes: ['command'],
  lineRuntimes: ['command'],
}

const parse = (item: string): PlanResult => parsePlan(items(`  - { id: a, run: x, ${item} }`), { deployment })
const one = (more: string): string => `services: [{ name: db, run: pg, ready: { run: ok }${more} }]`

describe('services of an item', () => {
  it('have their defaults', () => {
    const result = parse(one(''))
    expect(result.ok && result.plan.items[0]?.services).toEqual([
      { name: 'db', run: 'pg', ready: { run: 'ok', everyMs: 500, timeoutMs: 60_000 }, env: {}, stopMs: 10_000 },
    ])
  })

  it('are as they are written', () => {
    const text =
      'services: [{ name: db, run: pg, ready: { run: ok, every: 1s, timeout: 2m }, env: { A: b }, stop: 3s }]'
    const result = parse(text)
    expect(result.ok && result.plan.items[0]?.services).toEqual([
      {
        name: 'db',
        run: 'pg',
        ready: { run: 'ok', everyMs: 1_000, timeoutMs: 120_000 },
        env: { A: 'b' },
        stopMs: 3_000,
      },
    ])
    expect(parse('services: []')).toMatchObject({ ok: true })
    expect(parse('services: []').ok && 'services' in (parsedItem('services: []') ?? {})).toBe(false)
  })

  it('may be containers of images that the executor may start', () => {
    const services = `[{ name: db, image: "${image}", ready: { run: ok } }, { name: b, run: pg, image: "${postgres}", ready: { run: ok } }]`
    const result = parse(`executor: docker, services: ${services}`)
    expect(result.ok && result.plan.items[0]?.services).toMatchObject([
      { name: 'db', image },
      { name: 'b', run: 'pg', image: postgres },
    ])
  })

  function parsedItem(text: string): object | undefined {
    const result = parse(text)
    return result.ok ? result.plan.items[0] : undefined
  }

  const many = Array.from(
    { length: PLAN_LIMITS.servicesPerItem + 1 },
    (_, n) => `{ name: s${n}, run: x, ready: { run: y } }`,
  )

  it.each([
    ['no look whether it is ready', 'services: [{ name: db, run: x }]', ['INVALID_INPUT /items/0/services/0']],
    [
      'a name that is none',
      'services: [{ name: ../x, run: x, ready: { run: y } }]',
      ['INVALID_INPUT /items/0/services/0/name'],
    ],
    ['a field that is none', one(', port: 5432'), ['INVALID_INPUT /items/0/services/0/port']],
    ['an image by its tag', one(', image: "postgres:17"'), ['INVALID_INPUT /items/0/services/0/image']],
    [
      'neither command nor image',
      'services: [{ name: db, ready: { run: ok } }]',
      ['INVALID_INPUT /items/0/services/0'],
    ],
    ['an image in a sandbox', one(`, image: "${image}"`), ['UNSUPPORTED /items/0/services/0/image']],
    [
      'an image that the executor may not start',
      `executor: docker, ${one(`, image: "sha256:${'b'.repeat(64)}"`)}`,
      ['UNSUPPORTED /items/0/services/0/image'],
    ],
    ['no duration', one(', stop: soon'), ['INVALID_INPUT /items/0/services/0/stop']],
    [
      'a variable that is taken',
      one(', env: { SEAMARK_SERVICE_DIR: x }'),
      ['INVALID_INPUT /items/0/services/0/env/SEAMARK_SERVICE_DIR'],
    ],
    ['a longer duration than there is', one(', stop: 400d'), ['LIMIT_EXCEEDED /items/0/services/0/stop']],
    ['too many', `services: [${many.join(', ')}]`, ['LIMIT_EXCEEDED /items/0/services']],
    [
      'two of a name',
      'services: [{ name: a, run: x, ready: { run: y } }, { name: a, run: x, ready: { run: y } }]',
      ['INVALID_INPUT /items/0/services/1/name'],
    ],
    ['a host for a sandbox', `executor: process, ${one('')}`, ['UNSUPPORTED /items/0/services']],
    ['the network of the host', `executor: shared, ${one('')}`, ['UNSUPPORTED /items/0/services']],
    [
      'commands that its policy denies',
      `tools: { deny: [pg, ok] }, ${one('')}`,
      ['FORBIDDEN /items/0/services/0/run', 'FORBIDDEN /items/0/services/0/ready/run'],
    ],
  ] as const)('are refused with %s', (_, item, faults) => {
    const result = parse(item)
    expect(result.ok ? [] : result.problems.map(({ code, place }) => `${code} ${place?.pointer}`)).toEqual(faults)
  })
})
