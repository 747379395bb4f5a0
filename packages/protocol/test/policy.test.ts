import type { EgressRule, PlanPolicy, Policy } from '@seamark/core'
import { effective } from '@seamark/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../src/index.ts'
import { items, places } from './deployment.ts'

/** `CODE pointer` of every problem. */
function found(value: unknown): string[] {
  const result = parsePolicy(value)
  if (result.ok) return []
  for (const { message } of result.problems) expect(message).toBeTruthy()
  return result.problems.map(({ code, place }) => `${code} ${place?.pointer}`)
}

function read(value: PlanPolicy): Policy {
  const result = parsePolicy(value)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.policy
}

describe('a policy', () => {
  test('is read in the units of the engine', () => {
    expect(
      read({
        filesystem: { read: ['workspace', 'toolchain'], write: ['src/**'], hide: ['**/.env'] },
        network: {
          allow: [
            {
              host: 'API.Bücher.example',
              mode: 'endpoint',
              methods: ['POST'],
              paths: ['/v1/*'],
              inject: 'key',
              meter: 'm',
            },
            { host: '0x7f.1', port: 8443, mode: 'tunnel' },
          ],
        },
        limits: { cpu: 1.5, memory: '4GiB', pids: 512, disk: '10MiB', wallClock: '30m', idle: '500ms' },
        tools: { shell: ['git *'], deny: ['git push*'] },
      }),
    ).toEqual({
      filesystem: { read: ['workspace', 'toolchain'], write: ['src/**'], hide: ['**/.env'] },
      network: {
        allow: [
          {
            host: 'api.xn--bcher-kva.example',
            mode: 'endpoint',
            methods: ['POST'],
            paths: ['/v1/*'],
            inject: 'key',
            meter: 'm',
          },
          { host: '127.0.0.1', port: 8443, mode: 'tunnel' },
        ],
      },
      limits: {
        cpu: 1.5,
        memoryBytes: 4_294_967_296,
        pids: 512,
        diskBytes: 10_485_760,
        wallClockMs: 1_800_000,
        idleMs: 500,
      },
      tools: { shell: ['git *'], deny: ['git push*'] },
    })
    expect(read({})).toEqual({})
  })

  test.each([
    ['nothing', null, ['INVALID_INPUT ']],
    ['a list', [], ['INVALID_INPUT ']],
    ['text', 'x', ['INVALID_INPUT ']],
    ['an unknown field', { netwrok: {} }, ['INVALID_INPUT /netwrok']],
    [
      'an unknown field of a rule',
      { network: { allow: [{ host: 'a', mode: 'tunnel', pth: [] }] } },
      ['INVALID_INPUT /network/allow/0/pth'],
    ],
    ['no allow', { network: {} }, ['INVALID_INPUT /network/allow']],
    ['no host', { network: { allow: [{ mode: 'tunnel' }] } }, ['INVALID_INPUT /network/allow/0/host']],
    ['no mode', { network: { allow: [{ host: 'a' }] } }, ['INVALID_INPUT /network/allow/0/mode']],
    [
      'a port in the host',
      { network: { allow: [{ host: 'a:443', mode: 'tunnel' }] } },
      ['INVALID_INPUT /network/allow/0/host'],
    ],
    ['an unknown name to read', { filesystem: { read: ['home'] } }, ['INVALID_INPUT /filesystem/read/0']],
    ['a path that goes up', { filesystem: { write: ['a/../b'] } }, ['INVALID_INPUT /filesystem/write/0']],
    ['a size without unit', { limits: { memory: '4' } }, ['INVALID_INPUT /limits/memory']],
    ['a number as size', { limits: { memory: 4 } }, ['INVALID_INPUT /limits/memory']],
    ['a decimal unit', { limits: { memory: '4GB' } }, ['INVALID_INPUT /limits/memory']],
    ['a size of nothing', { limits: { disk: '0GiB' } }, ['INVALID_INPUT /limits/disk']],
    ['a size beyond all numbers', { limits: { disk: '99999TiB' } }, ['LIMIT_EXCEEDED /limits/disk']],
    ['a duration of years', { limits: { idle: '400d' } }, ['LIMIT_EXCEEDED /limits/idle']],
    ['ten thousandths', { limits: { cpu: 0.0001 } }, ['INVALID_INPUT /limits/cpu']],
    ['too many processors', { limits: { cpu: 5_000 } }, ['LIMIT_EXCEEDED /limits/cpu']],
    ['a pattern with quotes', { tools: { deny: ['git "push"'] } }, ['INVALID_INPUT /tools/deny/0']],
    [
      'a secret in a tunnel',
      { network: { allow: [{ host: 'a', mode: 'tunnel', inject: 'k' }] } },
      ['INVALID_INPUT /network/allow/0/inject'],
    ],
    ['__proto__', JSON.parse('{"__proto__":{"tools":{}}}'), ['INVALID_INPUT /__proto__']],
  ])('with %s is refused', (_, value, expected) => {
    expect(found(value)).toEqual(expected)
  })

  test('shows all mistakes at once, those of shape and those beyond it', () => {
    const value = {
      filesystem: { read: 5, write: ['/etc'], hide: ['../x'] },
      network: {
        allow: [
          { host: '*.example', mode: 'tunel', inject: 'k' },
          5,
          { host: 'b.example', mode: 'tunnel', methods: ['GET'], port: 0 },
        ],
      },
      limits: { memory: '4', disk: '99999TiB', cpu: 0.0001 },
      tools: { shell: ['a  b'], deny: 'x' },
    }
    expect(found(value).sort()).toEqual(
      [
        'INVALID_INPUT /filesystem/read',
        'INVALID_INPUT /filesystem/write/0',
        'INVALID_INPUT /filesystem/hide/0',
        'INVALID_INPUT /network/allow/0/mode',
        'INVALID_INPUT /network/allow/0/host',
        'INVALID_INPUT /network/allow/0/inject',
        'INVALID_INPUT /network/allow/1',
        'INVALID_INPUT /network/allow/2/methods',
        'INVALID_INPUT /network/allow/2/port',
        'INVALID_INPUT /limits/memory',
        'LIMIT_EXCEEDED /limits/disk',
        'INVALID_INPUT /limits/cpu',
        'INVALID_INPUT /tools/shell/0',
        'INVALID_INPUT /tools/deny',
      ].sort(),
    )
  })

  test('of the largest size is judged in time', () => {
    const rules = (host: (n: number) => string): EgressRule[] =>
      Array.from({ length: 200 }, (_, n) => ({
        host: host(n),
        mode: 'endpoint',
        meter: `m${n}`,
        paths: ['/a*', '/b*', '/c*', '/d*', '/e*'],
      }))
    const started = performance.now()
    expect(found({ network: { allow: rules(() => 'a.example') } }).length).toBe(1_001)
    expect(found({ network: { allow: rules((n) => `h${n}.example`) } })).toEqual([])
    expect(found({ tools: { deny: Array.from({ length: 100_000 }, () => 'x') } })).toEqual([
      'LIMIT_EXCEEDED /tools/deny',
    ])
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('of any form is read or refused, and what is read can be combined', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('workspace', 'git *', '4GiB', '30m', 'a.example', '/v1/*'),
    )
    const value = fc.oneof(text, fc.integer(), fc.array(text, { maxLength: 3 }), fc.constant(null))
    const map = (names: string[]) => fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 })
    const policy = fc.record(
      {
        filesystem: map(['read', 'write', 'hide']),
        network: fc.record({
          allow: fc.array(
            fc.oneof(map(['host', 'mode', 'paths', 'port']), fc.record({ host: text, mode: fc.constant('tunnel') })),
          ),
        }),
        limits: map(['memory', 'idle', 'cpu', 'pids']),
        tools: map(['shell', 'deny']),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(policy, fc.jsonValue()), (one) => {
        const result = parsePolicy(one)
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0)
        else expect(effective([{ level: 'item', policy: result.policy }]).digest).toMatch(/^[0-9a-f]{64}$/)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the policy of an item', () => {
  test('has its mistakes placed in the plan', () => {
    const text = items(`  - id: a
    run: x
    network:
      allow:
        - { host: "*.example", mode: endpoint }
        - { host: b.example, mode: tunnel, methods: [GET] }
        - { host: c.example, mdoe: tunnel }
    limits: { memory: 4GB, idle: 400d }
    tools: { shell: ["git  x"] }`)
    expect(places(text)).toEqual([
      'INVALID_INPUT /items/0/network/allow/0/host 7:19',
      'INVALID_INPUT /items/0/network/allow/1/methods 8:53',
      'INVALID_INPUT /items/0/network/allow/2 9:11',
      'INVALID_INPUT /items/0/network/allow/2/mdoe 9:30',
      'INVALID_INPUT /items/0/limits/memory 10:23',
      'LIMIT_EXCEEDED /items/0/limits/idle 10:34',
      'INVALID_INPUT /items/0/tools/shell/0 11:22',
    ])
  })

  test('is refused where nothing is wrong in it, as there is no way out', () => {
    expect(places(items('  - { id: a, run: x, network: { allow: [{ host: a.example, mode: tunnel }] } }'))).toEqual([
      'UNSUPPORTED /items/0/network/allow/0 3:41',
    ])
  })
})
