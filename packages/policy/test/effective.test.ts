import type { EgressRule, LevelPolicy, Policy } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import { effective, explainPolicy, policyDigest } from '../src/index.ts'

const rule = (more: Partial<EgressRule> = {}): EgressRule => ({ host: 'a.example', mode: 'endpoint', ...more })
const network = (...allow: EgressRule[]): Policy => ({ network: { allow } })

/** `CODE level pointer` of every problem. */
function found(...levels: LevelPolicy[]): string[] {
  return effective(levels).problems.map(({ code, level, place }) => `${code} ${level} ${place?.pointer}`)
}

function rules(...levels: LevelPolicy[]): readonly EgressRule[] | undefined {
  return effective(levels).policy.network?.allow
}

describe('without any level', () => {
  test('there is the default', () => {
    const { policy, parts, problems, digest } = effective([])
    expect(policy).toEqual({
      filesystem: { read: ['toolchain', 'workspace'], write: ['workspace'], hide: [] },
      network: { allow: [] },
      limits: {},
      tools: { deny: [] },
    })
    expect(parts.every(({ from }) => from.length === 0)).toBe(true)
    expect(problems).toEqual([])
    // From sha256sum over the canonical JSON, written by hand.
    expect(digest).toBe('7e988db0e460848088bf388615c41e19495aa8b2a94ba0e2b6ab77100a6d340b')
  })
})

describe('levels together', () => {
  const levels: LevelPolicy[] = [
    {
      level: 'item',
      pointer: '/items/3',
      policy: {
        filesystem: { write: ['src/**', 'README.md'], hide: ['**/*.pem'] },
        network: { allow: [rule({ methods: ['POST'], paths: ['/v1/messages*'] })] },
        limits: { memoryBytes: 1_024, cpu: 0.5 },
        tools: { shell: ['git status', 'npm test'], deny: ['npm test --x'] },
      },
    },
    {
      level: 'deployment',
      policy: {
        filesystem: { read: ['workspace'], hide: ['**/.env', '**/*.pem'] },
        network: { allow: [rule({ host: 'A.Example', paths: ['/v1/*'], inject: 'key', port: 443 })] },
        limits: { memoryBytes: 4_096, wallClockMs: 1_000 },
        tools: { shell: ['git *', 'npm test'], deny: ['git push*'] },
      },
    },
  ]

  test('allow what all allow, and say who said so', () => {
    const { policy, parts, problems } = effective(levels)
    expect(problems).toEqual([])
    expect(policy).toEqual({
      filesystem: { read: ['workspace'], write: ['README.md', 'src/**'], hide: ['**/*.pem', '**/.env'] },
      network: {
        allow: [
          {
            host: 'a.example',
            port: 443,
            mode: 'endpoint',
            methods: ['POST'],
            paths: ['/v1/messages*'],
            inject: 'key',
          },
        ],
      },
      limits: { cpu: 0.5, memoryBytes: 1_024, wallClockMs: 1_000 },
      tools: { shell: ['git status', 'npm test'], deny: ['git push*', 'npm test --x'] },
    })
    const from = Object.fromEntries(
      parts.map((part) => [part.pointer, part.from.map(({ level, pointer }) => `${level} ${pointer}`)]),
    )
    expect(from).toEqual({
      '/filesystem/read/0': ['deployment /filesystem/read/0'],
      '/filesystem/write/0': ['item /items/3/filesystem/write/1'],
      '/filesystem/write/1': ['item /items/3/filesystem/write/0'],
      '/filesystem/hide/0': ['deployment /filesystem/hide/1', 'item /items/3/filesystem/hide/0'],
      '/filesystem/hide/1': ['deployment /filesystem/hide/0'],
      '/network/allow/0': ['deployment /network/allow/0', 'item /items/3/network/allow/0'],
      '/tools/shell/0': ['deployment /tools/shell/0', 'item /items/3/tools/shell/0'],
      '/tools/shell/1': ['deployment /tools/shell/1', 'item /items/3/tools/shell/1'],
      '/tools/deny/0': ['deployment /tools/deny/0'],
      '/tools/deny/1': ['item /items/3/tools/deny/0'],
      '/limits/cpu': ['item /items/3/limits/cpu'],
      '/limits/memoryBytes': ['item /items/3/limits/memory'],
      '/limits/wallClockMs': ['deployment /limits/wallClock'],
    })
  })

  test('do not depend on their order, and have one digest', () => {
    expect(effective(levels.toReversed())).toEqual(effective(levels))
    const { policy, digest } = effective(levels)
    expect(policyDigest(policy)).toBe(digest)
    expect(effective([{ level: 'deployment', policy }])).toMatchObject({ policy, digest, problems: [] })
  })

  test('are explained in lines', () => {
    const lines = explainPolicy(effective(levels))
    expect(lines[0]).toBe(`policy ${effective(levels).digest}`)
    expect(lines).toContain('  memory 1 KiB  (item /items/3/limits/memory)')
    expect(lines).toContain(
      '  endpoint, a.example:443, POST, /v1/messages*, adds secret key  (deployment /network/allow/0, item /items/3/network/allow/0)',
    )
    expect(explainPolicy(effective([]))).toContain('  nothing  (default)')
    const otherwise = { executor: 'sandbox', limits: { memoryBytes: 2 ** 31, pids: 4096 } }
    const held = explainPolicy(effective(levels), { otherwise })
    expect(held).toContain('  memory 1 KiB  (item /items/3/limits/memory)')
    expect(held).toContain('  pids 4096  (executor sandbox)')
    expect(explainPolicy(effective([]), { otherwise })).toContain('  memory 2 GiB  (executor sandbox)')
    const most = { memoryBytes: 512, pids: 64 }
    const less = explainPolicy(effective(levels), { otherwise: { executor: 'docker', limits: most, most } })
    expect(less).toContain('  memory 512 bytes  (executor docker, in place of 1 KiB: item /items/3/limits/memory)')
    expect(less).toContain('  pids 64  (executor docker)')
  })
})

describe('what a lower level asks for beyond an upper one', () => {
  const deployment = (policy: Policy): LevelPolicy => ({ level: 'deployment', policy })
  const item = (policy: Policy): LevelPolicy => ({ level: 'item', policy })
  const upper = network(
    rule({ methods: ['GET'], paths: ['/a*'], meter: 'm' }),
    rule({ methods: ['POST'], paths: ['/b'], meter: 'm' }),
    rule({ host: 'k.example', paths: ['/v1/*'], inject: 'key' }),
  )
  const cases: [string, Policy, Policy, string[]][] = [
    ['a host', upper, network(rule({ host: 'b.example' })), ['/network/allow/0/host']],
    ['a port', upper, network(rule({ port: 80 })), ['/network/allow/0/port']],
    ['a mode', upper, network(rule({ mode: 'intercept' })), ['/network/allow/0/mode']],
    ['a tunnel', upper, network(rule({ mode: 'tunnel' })), ['/network/allow/0/mode']],
    ['a method', upper, network(rule({ methods: ['GET', 'PUT'] })), ['/network/allow/0/methods']],
    ['a path', upper, network(rule({ paths: ['/a/b', '/*'] })), ['/network/allow/0/paths']],
    [
      'a method with the path of another rule',
      upper,
      network(rule({ methods: ['POST'], paths: ['/a'] })),
      ['/network/allow/0'],
    ],
    ['another meter', upper, network(rule({ meter: 'n' })), ['/network/allow/0/meter']],
    ['a secret', upper, network(rule({ paths: ['/a'], inject: 'key' })), ['/network/allow/0/inject']],
    [
      'another secret',
      upper,
      network(rule({ host: 'k.example', paths: ['/v1/*'], inject: 'other' })),
      ['/network/allow/0/inject'],
    ],
    ['anything where nothing is allowed', network(), network(rule()), ['/network/allow/0/host']],
    ['memory', { limits: { memoryBytes: 1 } }, { limits: { memoryBytes: 2 } }, ['/limits/memory']],
    ['idle time', { limits: { idleMs: 1 } }, { limits: { idleMs: 2, cpu: 1 } }, ['/limits/idle']],
    [
      'the toolchain',
      { filesystem: { read: ['workspace'] } },
      { filesystem: { read: ['toolchain'] } },
      ['/filesystem/read/0'],
    ],
    [
      'a folder above',
      { filesystem: { write: ['src/a/**'] } },
      { filesystem: { write: ['src/a/b', 'src/**'] } },
      ['/filesystem/write/1'],
    ],
    [
      'a folder beside',
      { filesystem: { write: ['src/**'] } },
      { filesystem: { write: ['srcx/**', 'src'] } },
      ['/filesystem/write/0', '/filesystem/write/1'],
    ],
    [
      'a wider pattern',
      { tools: { shell: ['git status', 'git log*'] } },
      { tools: { shell: ['git log -p', 'git *'] } },
      ['/tools/shell/1'],
    ],
  ]
  test.each(cases)('%s is a problem with its place', (_, above, below, pointers) => {
    expect(found(deployment(above), item(below))).toEqual(pointers.map((pointer) => `FORBIDDEN item ${pointer}`))
  })

  test('does not count, and what is within does', () => {
    expect(rules(deployment(upper), item(network(rule({ methods: ['GET', 'PUT'], paths: ['/*'] }))))).toEqual([
      { host: 'a.example', port: 443, mode: 'endpoint', methods: ['GET'], paths: ['/a*'], meter: 'm' },
    ])
  })

  test('is not what it leaves open', () => {
    expect(found(deployment(upper), item(network(rule(), rule({ host: 'k.example' }))))).toEqual([])
    expect(rules(deployment(upper), item(network(rule({ host: 'k.example' }))))).toEqual([
      { host: 'k.example', port: 443, mode: 'endpoint', paths: ['/v1/*'], inject: 'key' },
    ])
  })

  test('is measured by all levels above', () => {
    const queue: LevelPolicy = { level: 'queue', policy: { limits: { pids: 5 } } }
    expect(found(deployment({ limits: { pids: 9 } }), queue, item({ limits: { pids: 7 } }))).toEqual([
      'FORBIDDEN item /limits/pids',
    ])
  })
})

test('a secret goes only where the deployment sends it', () => {
  const own = network(rule({ host: 'evil.example', paths: ['/*'], inject: 'key' }))
  for (const level of ['queue', 'agent', 'item'] as const) {
    expect(rules({ level, policy: own })).toEqual([])
    expect(found({ level, policy: own })).toEqual([`FORBIDDEN ${level} /network/allow/0/inject`])
    expect(rules({ level: 'deployment', policy: { limits: { pids: 1 } } }, { level, policy: own })).toEqual([])
  }
  expect(rules({ level: 'deployment', policy: own })).toHaveLength(1)
})

describe('a level with something wrong in it', () => {
  test('is refused, with everything that is wrong in any level', () => {
    const levels: LevelPolicy[] = [
      {
        level: 'deployment',
        policy: { limits: { cpu: 0, memoryBytes: 1.5, pids: Number.NaN, diskBytes: -1, idleMs: Infinity } },
      },
      {
        level: 'item',
        pointer: '/items/0',
        policy: { tools: { deny: ['git "push"'] }, filesystem: { hide: ['../x'], write: ['/etc'], read: ['home'] } },
      },
    ]
    let problems: readonly { place?: { pointer: string } }[] = []
    try {
      effective(levels)
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_INPUT' })
      problems = (error as { problems: typeof problems }).problems
    }
    expect(problems.map(({ place }) => place?.pointer)).toEqual([
      '/limits/cpu',
      '/limits/memory',
      '/limits/pids',
      '/limits/disk',
      '/limits/idle',
      '/items/0/filesystem/read/0',
      '/items/0/filesystem/write/0',
      '/items/0/filesystem/hide/0',
      '/items/0/tools/deny/0',
    ])
  })

  test('or there twice, is refused', () => {
    const twice: LevelPolicy[] = [
      { level: 'queue', policy: {} },
      { level: 'queue', policy: {} },
    ]
    expect(() => effective(twice)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

test('levels that together need too many entries allow nothing there', () => {
  const shell = (shape: (n: number) => string) => Array.from({ length: 50 }, (_, n) => shape(n))
  const levels: LevelPolicy[] = [
    { level: 'deployment', policy: { tools: { shell: shell((n) => `x a${n} * *`) } } },
    { level: 'item', policy: { tools: { shell: shell((n) => `x * b${n} *`) } } },
  ]
  const { policy, problems } = effective(levels)
  expect(policy.tools?.shell).toEqual([])
  expect(problems.at(-1)).toMatchObject({ code: 'LIMIT_EXCEEDED', level: 'item', place: { pointer: '/tools/shell' } })
})

test('nothing that is denied is dropped where there is too much of it', () => {
  const deny = (name: string) => Array.from({ length: 500 }, (_, n) => `${name}${n}`)
  expect(() =>
    effective([
      { level: 'deployment', policy: { tools: { deny: deny('a') } } },
      { level: 'item', policy: { tools: { deny: deny('b') } } },
    ]),
  ).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})

test('the largest policies are combined and checked in time', () => {
  const allow = (meter: string): EgressRule[] =>
    Array.from({ length: 200 }, (_, n) =>
      rule({ methods: [`A${n}`], paths: Array.from({ length: 5 }, (__, m) => `/${n}/${m}*`), meter }),
    )
  const started = performance.now()
  const { policy } = effective(
    (['deployment', 'queue', 'agent', 'item'] as const).map((level) => ({
      level,
      policy: { network: { allow: allow('m') }, tools: { shell: Array.from({ length: 200 }, (_, n) => `x${n} *`) } },
    })),
  )
  expect(policy.network?.allow).toHaveLength(200)
  expect(policy.tools?.shell).toHaveLength(200)
  expect(performance.now() - started).toBeLessThan(5_000)
})
