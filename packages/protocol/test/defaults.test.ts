import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePlan } from '../src/index.ts'
import type { PlanDeployment } from '../src/index.ts'
import { deployment as base } from './deployment.ts'

const deployment: PlanDeployment = {
  ...base,
  executors: [
    {
      name: 'sandbox',
      holds: {
        filesystem: 'private',
        network: 'none',
        limits: {
          cpu: 'enforced',
          memory: 'enforced',
          pids: 'enforced',
          disk: 'none',
          idle: 'enforced',
        },
      },
    },
  ],
}

function planOf(text: string) {
  const result = parsePlan(text, { deployment })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, undefined, 1))
  return result.plan
}

function places(text: string): string[] {
  const result = parsePlan(text, { deployment })
  if (result.ok) return []
  return result.problems.map(({ code, place }) => `${code} ${place?.pointer} ${place?.line}:${place?.column}`)
}

const plan = `version: 1
defaults:
  priority: 5
  keepWorkspace: false
  limits: { memory: 1GiB, pids: 50 }
  gates: { timeout: 3m, protect: ["test/**"] }
  services: { stop: 2s, env: { A: plan, B: plan }, ready: { every: 1s, timeout: 9s } }
items:
  - id: a
    run: x
    limits: { pids: 70 }
    gates:
      - run: g1
      - run: g2
        timeout: 1m
    services:
      - { name: db, run: s, ready: { run: r, timeout: 5s }, env: { B: own } }
  - id: b
    run: x
    priority: -1
    keepWorkspace: true
    defaults:
      gates: { timeout: 7m }
      services: { env: { A: item } }
    gates:
      - { run: g, protect: [] }
    services:
      - { name: db, run: s, ready: { run: r } }
`

describe('defaults at every level', () => {
  test('the part says it itself, or its item, or the plan', () => {
    const [a, b] = planOf(plan).items
    expect(a).toMatchObject({ priority: 5, keepWorkspace: false })
    expect(a?.policy?.own?.limits).toEqual({ memoryBytes: 2 ** 30, pids: 70 })
    const protect = [{ type: 'tree', path: 'test' }]
    expect(a?.gates).toEqual([
      { run: 'g1', timeoutMs: 180_000, protect },
      { run: 'g2', timeoutMs: 60_000, protect },
    ])
    expect(a?.services).toEqual([
      {
        name: 'db',
        run: 's',
        env: { A: 'plan', B: 'own' },
        stopMs: 2_000,
        ready: { run: 'r', everyMs: 1_000, timeoutMs: 5_000 },
      },
    ])
    expect(b).toMatchObject({ priority: -1, keepWorkspace: true })
    expect(b?.gates).toEqual([{ run: 'g', timeoutMs: 420_000, protect: [] }])
    expect(b?.services?.[0]).toMatchObject({
      env: { A: 'item', B: 'plan' },
      ready: { everyMs: 1_000, timeoutMs: 9_000 },
    })
  })

  test('a plan with defaults is the plan in which they are written out', () => {
    const short = 'version: 1\ndefaults: { timeout: 5m, priority: 3, gates: { timeout: 2m } }\nitems:\n'
    const long = 'version: 1\ndefaults: { timeout: 5m }\nitems:\n'
    const one = planOf(`${short}  - { id: a, run: x, gates: [{ run: g }] }\n`)
    const two = planOf(`${long}  - { id: a, run: x, priority: 3, gates: [{ run: g, timeout: 2m }] }\n`)
    expect(one).toEqual(two)
    // Defaults alone, of which nothing is left, leave nothing behind.
    const bare = 'version: 1\nitems: [{ id: a, run: x, priority: 3 }]\n'
    expect(planOf('version: 1\ndefaults: { priority: 3 }\nitems: [{ id: a, run: x }]\n')).toEqual(planOf(bare))
  })

  test('what is wrong in them has its own place, once for all items', () => {
    const items =
      '\nitems:\n  - { id: a, run: x, gates: [{ run: g }] }\n  - { id: b, run: x, gates: [{ run: g }, { run: h }] }\n'
    const of = (defaults: string) => places(`version: 1\ndefaults:\n  ${defaults}${items}`)
    expect(of('priority: high')).toEqual(['INVALID_INPUT /defaults/priority 3:13'])
    expect(of('priorty: 3')).toEqual(['INVALID_INPUT /defaults/priorty 3:3'])
    expect(of('limits: { memory: 5 }')).toEqual(['INVALID_INPUT /defaults/limits/memory 3:21'])
    expect(of('limits: { disk: 1GiB }')).toEqual(['UNSUPPORTED /defaults/limits/disk 3:19'])
    expect(of('gates: { timeout: 400d }')).toEqual(['LIMIT_EXCEEDED /defaults/gates/timeout 3:21'])
    expect(of('gates: { protect: [a, "../b"] }')).toEqual(['INVALID_INPUT /defaults/gates/protect/1 3:25'])
    expect(of('gates: { run: x }')).toEqual(['INVALID_INPUT /defaults/gates/run 3:12'])
    expect(of('gates: 5')).toEqual(['INVALID_INPUT /defaults/gates 3:10'])
    expect(of('budget: { tokens: 5 }')).toEqual(['INVALID_INPUT /defaults/budget 3:3'])
  })

  test('what is wrong in those of an item, and beside them, is told at once', () => {
    const text = `version: 1
defaults: { priority: 1000 }
items:
  - id: a
    run: x
    defaults: { gates: { timeout: soon }, locks: [a] }
    gates: [{ run: g }]
    timeout: never
`
    expect(places(text).sort()).toEqual([
      'INVALID_INPUT /defaults/priority 2:23',
      'INVALID_INPUT /items/0/defaults/gates/timeout 6:35',
      'INVALID_INPUT /items/0/defaults/locks 6:43',
      'INVALID_INPUT /items/0/timeout 8:14',
    ])
  })

  test('defaults that are large in many items are refused before they are written into them', () => {
    const hide = Array.from({ length: 2_000 }, (_, at) => `some/long/folder/${at}/**`)
    const items = Array.from({ length: 10_000 }, (_, at) => ({ id: `i${at}`, run: 'x' }))
    const began = process.memoryUsage().heapUsed
    const text = JSON.stringify({ version: 1, defaults: { filesystem: { hide } }, items })
    expect(places(text)).toEqual([expect.stringContaining('LIMIT_EXCEEDED /defaults ')])
    expect(process.memoryUsage().heapUsed - began).toBeLessThan(300 * 1024 * 1024)
  })

  test('nothing that the parts hold makes it throw', () => {
    const part = fc.jsonValue({ maxDepth: 3 })
    const item = fc.record({ id: part, run: part, defaults: part, gates: part, services: part }, { requiredKeys: [] })
    const defaults = fc.oneof(
      part,
      fc.record({ gates: part, services: part, limits: part, env: part }, { requiredKeys: [] }),
    )
    fc.assert(
      fc.property(defaults, fc.array(fc.oneof(part, item)), (shared, items) => {
        parsePlan(JSON.stringify({ version: 1, defaults: shared, items }), { deployment })
      }),
    )
  })
})
