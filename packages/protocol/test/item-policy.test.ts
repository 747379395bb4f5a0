import type { PlanPolicy, Policy, PolicyLevel, RunPolicies } from '@seamark/core'
import { effective } from '@seamark/policy'
import { describe, expect, test } from 'vitest'
import { deploymentPolicies, parsePlan } from '../src/index.ts'
import type { CheckedPlan, PlanDeployment } from '../src/index.ts'

const all = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', idle: 'enforced' } as const
const none = { cpu: 'none', memory: 'none', pids: 'none', disk: 'none', idle: 'none' } as const

type Named = Readonly<Record<string, PlanPolicy>>

function policies(policy: PlanPolicy | undefined, queues: Named = {}, agents: Named = {}): RunPolicies {
  const each = (all: Named) => Object.fromEntries(Object.entries(all).map(([name, of]) => [name, { policy: of }]))
  const read = deploymentPolicies({ policy, queues: each(queues), agents: each(agents) })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.policies
}

function place(above: RunPolicies = {}): PlanDeployment {
  return {
    queues: ['default', 'slow'],
    agents: ['writer', 'constructor', 'silent'],
    executors: [
      { name: 'sandbox', holds: { filesystem: 'private', network: 'none', limits: all } },
      { name: 'process', holds: { filesystem: 'host', network: 'host', limits: none } },
      { name: 'weak', holds: { filesystem: 'private', network: 'gateway', limits: { ...all, memory: 'none' } } },
    ],
    runtimes: ['command', 'other'],
    lineRuntimes: ['command'],
    policies: above,
  }
}

function plan(text: string, above?: RunPolicies): CheckedPlan {
  const result = parsePlan(text, { deployment: place(above) })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, undefined, 1))
  return result.plan
}

/** `CODE pointer` of every problem. */
function found(text: string, above?: RunPolicies): string[] {
  const result = parsePlan(text, { deployment: place(above) })
  return result.ok ? [] : result.problems.map(({ code, place: at }) => `${code} ${at?.pointer}`)
}

const LEVELS: readonly PolicyLevel[] = ['deployment', 'queue', 'agent', 'item']
const items = (...lines: string[]) => `version: 1\nitems:\n${lines.map((line) => `  - { ${line} }\n`).join('')}`

describe('the policy of an item', () => {
  test('is not there where no level says anything', () => {
    const { items: list, policies: above } = plan(items('id: a, run: x'), policies({}, { slow: {} }))
    expect([list[0]?.policy, above]).toEqual([undefined, undefined])
  })

  test('is what all levels allow together, with its digest, its own part and what the levels above said', () => {
    const above = policies(
      { limits: { memory: '4GiB', pids: 100 }, tools: { deny: ['git push*'] } },
      { slow: { limits: { memory: '2GiB' } }, default: { limits: { cpu: 2 } } },
    )
    const made = plan(
      items('id: a, run: x, queue: slow, limits: { memory: 1GiB }', 'id: b, run: x, queue: slow'),
      above,
    )
    const levels = [
      { level: 'deployment', policy: { limits: { memoryBytes: 2 ** 32, pids: 100 }, tools: { deny: ['git push*'] } } },
      { level: 'queue', policy: { limits: { memoryBytes: 2 ** 31 } } },
    ] as const
    const own = { limits: { memoryBytes: 2 ** 30 } }
    const [a, b] = [effective([...levels, { level: 'item', policy: own }]), effective(levels)]
    expect(made.items.map(({ policy }) => policy)).toEqual([
      { policy: a.policy, digest: a.digest, own },
      { policy: b.policy, digest: b.digest },
    ])
    expect(made.policies).toEqual({ deployment: levels[0].policy, queues: { slow: levels[1].policy } })
    // The digest of the plan is of what was written.
    expect(made.digest).toBe(
      plan(items('id: a, run: x, queue: slow, limits: { memory: 1GiB }', 'id: b, run: x, queue: slow')).digest,
    )
  })

  test('takes that of its agent between queue and item, and the run keeps those of the agents that it names', () => {
    const above = policies(
      { limits: { memory: '4GiB', pids: 100 }, tools: { deny: ['git push*'] } },
      { slow: { limits: { memory: '2GiB' } } },
      { writer: { limits: { memory: '2GiB', pids: 50 }, tools: { deny: ['rm *'] } }, other: { limits: { pids: 1 } } },
    )
    const written = items(
      'id: a, run: x, queue: slow, agent: writer, limits: { pids: 9 }',
      'id: b, run: x, queue: slow, agent: writer',
      'id: c, run: x, agent: writer',
      'id: d, run: x',
      'id: e, run: x, agent: constructor',
      'id: f, run: x, agent: silent, limits: { pids: 9 }',
      'id: g, run: x, queue: slow, limits: { pids: 9 }',
    )
    const made = plan(written, above)
    const deployment = { limits: { memoryBytes: 2 ** 32, pids: 100 }, tools: { deny: ['git push*'] } }
    const slow = { limits: { memoryBytes: 2 ** 31 } }
    const writer = { limits: { memoryBytes: 2 ** 31, pids: 50 }, tools: { deny: ['rm *'] } }
    const own = { limits: { pids: 9 } }
    const of = (levels: Partial<Record<PolicyLevel, Policy>>) =>
      effective(LEVELS.flatMap((level) => (levels[level] ? [{ level, policy: levels[level] }] : []))).digest
    expect(made.items.map(({ policy }) => policy?.digest)).toEqual([
      of({ deployment, queue: slow, agent: writer, item: own }),
      of({ deployment, queue: slow, agent: writer }),
      of({ deployment, agent: writer }),
      of({ deployment }),
      of({ deployment }),
      of({ deployment, item: own }),
      of({ deployment, queue: slow, item: own }),
    ])
    expect(made.items[0]?.policy?.policy).toMatchObject({ limits: { memoryBytes: 2 ** 31, pids: 9 } })
    expect(made.policies).toEqual({ deployment, queues: { slow }, agents: { writer } })
  })

  test('is refused for an agent that does not fit into its queue, with all other problems, and for nobody else', () => {
    const above = policies(
      { limits: { pids: 100 } },
      { slow: { limits: { pids: 5 }, network: { allow: [] } } },
      { writer: { limits: { pids: 50 }, network: { allow: [{ host: 'a.example', mode: 'tunnel' }] } } },
    )
    const written = items(
      'id: a, run: x, queue: slow, agent: writer',
      'id: b, run: x, queue: slow',
      'id: c, run: x, queue: slow, agent: silent, limits: { pids: 6 }',
      'id: d, run: x, queue: slow, agent: writer, limits: { pids: 4 }',
    )
    expect(found(written, above)).toEqual([
      'FORBIDDEN /items/0',
      'FORBIDDEN /items/0',
      'FORBIDDEN /items/2/limits/pids',
      'FORBIDDEN /items/3',
      'FORBIDDEN /items/3',
    ])
    const result = parsePlan(written, { deployment: place(above) })
    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/"writer".*"slow".*\/agents\/writer\/policy\/limits\/pids/),
    )
  })

  test('asks for more than an upper level gives: refused at once, each in its place', () => {
    const above = policies({ limits: { memory: '1GiB' }, network: { allow: [] } }, { default: { limits: { pids: 5 } } })
    expect(
      found(
        items(
          'id: a, run: x, limits: { memory: 2GiB, pids: 9 }',
          'id: b, run: x, network: { allow: [{ host: a.example, mode: tunnel }] }',
        ),
        above,
      ),
    ).toEqual([
      'FORBIDDEN /items/0/limits/memory',
      'FORBIDDEN /items/0/limits/pids',
      'FORBIDDEN /items/1/network/allow/0/host',
    ])
  })

  test.each<[string, string, string]>([
    ['a limit', 'executor: process, limits: { cpu: 1 }', 'UNSUPPORTED /items/0/limits/cpu'],
    ['idle time', 'executor: process, limits: { idle: 5m }', 'UNSUPPORTED /items/0/limits/idle'],
    ['one limit of several', 'executor: weak, limits: { cpu: 1, memory: 1GiB }', 'UNSUPPORTED /items/0/limits/memory'],
    ['no network', 'executor: process, network: { allow: [] }', 'UNSUPPORTED /items/0/network/allow'],
    ['a network', 'network: { allow: [{ host: a.example, mode: tunnel }] }', 'UNSUPPORTED /items/0/network/allow/0'],
    ['hidden files', 'executor: process, filesystem: { hide: ["**/.env"] }', 'UNSUPPORTED /items/0/filesystem/hide/0'],
    ['writable files', 'executor: process, filesystem: { write: [src] }', 'UNSUPPORTED /items/0/filesystem/write/0'],
    [
      'a host that is to be only read',
      'executor: process, filesystem: { write: [] }',
      'UNSUPPORTED /items/0/filesystem/write',
    ],
    ['no toolchain', 'filesystem: { read: [workspace] }', 'UNSUPPORTED /items/0/filesystem/read/0'],
    ['commands of another runtime', 'runtime: other, tools: { deny: [x] }', 'UNSUPPORTED /items/0/tools/deny/0'],
  ])('is refused where %s is not held', (_, fields, expected) => {
    expect(found(items(`id: a, run: "true", ${fields}`))).toEqual([expected])
  })

  test('takes what is held', () => {
    expect(
      found(
        items(
          'id: a, run: "true", limits: { cpu: 1.5, memory: 1GiB, pids: 9, disk: 1GiB, wallClock: 5m, idle: 1m }, network: { allow: [] }',
          'id: b, run: "true", executor: process, limits: { wallClock: 5m }, tools: { shell: ["true"] }',
          'id: c, run: "true", filesystem: { read: [toolchain, workspace], write: [workspace], hide: [] }',
          'id: d, run: "true", filesystem: { write: ["src/**", a.txt], hide: ["**/.env"] }',
        ),
      ),
    ).toEqual([])
  })

  test('that comes from the configuration is refused where it is not held, at the item', () => {
    expect(
      found(items('id: a, run: x', 'id: b, run: x, executor: process'), policies({ limits: { memory: '1GiB' } })),
    ).toEqual(['UNSUPPORTED /items/1'])
  })

  test('of an executor of which nothing is known is refused', () => {
    const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }
    const result = parsePlan(items('id: a, run: x, network: { allow: [] }'), { deployment })
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(['UNSUPPORTED'])
  })

  test('judges the lines of the plan, those of gates too', () => {
    const above = policies({ tools: { deny: ['git push*'] } })
    expect(
      found(
        items(
          'id: a, run: "git push"',
          'id: b, run: "npm test && git -C x push origin"',
          'id: c, run: "npm test", gates: [{ run: "git status" }, { run: "sh -c \'git push\'" }]',
          'id: d, run: "npm test; make", tools: { shell: ["npm *"] }',
          'id: e, run: "npm test > log", tools: { shell: ["npm *"] }',
          'id: f, run: "npm test | sort", tools: { shell: ["npm *", sort] }',
        ),
        above,
      ),
    ).toEqual([
      'FORBIDDEN /items/0/run',
      'FORBIDDEN /items/1/run',
      'FORBIDDEN /items/2/gates/1/run',
      'FORBIDDEN /items/3/run',
      'FORBIDDEN /items/4/run',
    ])
  })

  test('that many items repeat is judged for each of them', () => {
    const same = 'limits: { pids: 5 }, tools: { shell: ["npm *"] }'
    const list = ['npm a', 'make', 'npm b', 'make'].map((run, n) => `id: i${n}, run: "${run}", ${same}`)
    expect(found(items(...list))).toEqual(['FORBIDDEN /items/1/run', 'FORBIDDEN /items/3/run'])
    const [a, b] = plan(items(...list.filter((line) => line.includes('run: "npm')))).items
    expect(a?.policy).toEqual(b?.policy)
    const above = policies({ limits: { pids: 4 } })
    expect(found(items('id: a, run: x, limits: { pids: 5 }', 'id: b, run: x, limits: { pids: 5 }'), above)).toEqual([
      'FORBIDDEN /items/0/limits/pids',
      'FORBIDDEN /items/1/limits/pids',
    ])
    const elsewhere = ['id: a, run: x, limits: { cpu: 1 }', 'id: b, run: x, executor: process, limits: { cpu: 1 }']
    expect(found(items(...elsewhere))).toEqual(['UNSUPPORTED /items/1/limits/cpu'])
  })

  test('with a mistake in it hides no other', () => {
    expect(
      found(
        items('id: a, run: "git push", limits: { memory: 4 }', 'id: b, run: "git push"'),
        policies({ tools: { deny: ['git push'] } }),
      ),
    ).toEqual(['FORBIDDEN /items/0/run', 'INVALID_INPUT /items/0/limits/memory', 'FORBIDDEN /items/1/run'])
  })
})

describe('the set-up', () => {
  const text = (executor = 'sandbox') => `version: 1
workspace: { git: ., setup: { run: npm ci, key: [package.json], paths: [node_modules] } }
items: [{ id: a, run: x, executor: ${executor} }]
`
  test('has the limits and commands of the deployment, and no network', () => {
    const above = policies({
      limits: { wallClock: '1m' },
      tools: { shell: ['npm *', 'x'] },
      filesystem: { read: ['workspace', 'toolchain'] },
    })
    const { setup } = plan(text(), above)
    expect(setup?.policy?.policy).toMatchObject({
      limits: { wallClockMs: 60_000 },
      tools: { shell: ['npm *', 'x'] },
      network: { allow: [] },
    })
    expect(setup?.policy).not.toHaveProperty('own')
  })
  test('is refused where its line is denied or its limits are not held', () => {
    expect(found(text(), policies({ tools: { deny: ['npm ci'] } }))).toEqual(['FORBIDDEN /workspace/setup/run'])
    expect(found(text('process'), policies({ limits: { cpu: 1 } }))).toEqual([
      'UNSUPPORTED /workspace/setup',
      'UNSUPPORTED /items/0',
    ])
  })
})

describe('policies of a configuration', () => {
  const problems = (...args: Parameters<typeof deploymentPolicies>) => {
    const read = deploymentPolicies(...args)
    return read.ok ? [] : read.problems.map(({ code, place: at }) => `${code} ${at?.pointer}`)
  }
  test('have all their mistakes told, with their places', () => {
    expect(
      problems({
        policy: { limits: { memory: '4GB' }, x: 1 },
        queues: { slow: { policy: { tools: { shell: ['a  b'] } } }, fast: {} },
      }),
    ).toEqual([
      'INVALID_INPUT /policy/limits/memory',
      'INVALID_INPUT /policy/x',
      'INVALID_INPUT /queues/slow/policy/tools/shell/0',
    ])
  })
  test('may not widen from deployment to queue', () => {
    const written = { policy: { limits: { pids: 5 } }, queues: { slow: { policy: { limits: { pids: 6 } } } } }
    expect(problems(written)).toEqual(['FORBIDDEN /queues/slow/policy/limits/pids'])
  })
})

describe('a meter', () => {
  const meters = { model: [/^api\.[a-z]+\.com$/], own: ['models.example'] }
  const told = (rule: string, egress: PlanDeployment['egress']) => {
    const deployment = { ...place(), ...(egress && { egress }) }
    const text = items(`id: a, run: x, network: { allow: [{ mode: endpoint, ${rule} }] }`)
    const result = parsePlan(text, { deployment })
    return result.ok ? [] : result.problems.map(({ code, place: at }) => `${code} ${at?.pointer}`)
  }
  const refused = ['UNSUPPORTED /items/0/network/allow/0']

  test.each([
    ['host: api.anthropic.com, meter: model', { inject: [], meters }, []],
    ['host: Models.Example, meter: own', { inject: [], meters }, []],
    ['host: models.example, meter: model', { inject: [], meters }, refused],
    ['host: api.anthropic.com.evil.example, meter: model', { inject: [], meters }, refused],
    ['host: models.example, meter: constructor', { inject: [], meters }, refused],
    ['host: api.anthropic.com, meter: model', { inject: [] }, refused],
  ])('on { %s } is taken only where there is one that reads the host', (rule, egress, problems) => {
    expect(told(rule, egress)).toEqual(problems)
  })
})
