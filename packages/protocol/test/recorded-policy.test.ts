import type { Policy } from '@seamark/core'
import { effective } from '@seamark/policy'
import { describe, expect, test } from 'vitest'
import { policyText, policyView, recordedPolicy, recordedSetupPolicy } from '../src/index.ts'

const deployment: Policy = { limits: { pids: 9 } }
const own: Policy = { limits: { pids: 5 }, tools: { deny: ['rm *'] } }
const made = effective([
  { level: 'deployment', policy: deployment },
  { level: 'item', policy: own },
])
const about = { policies: { deployment }, queue: 'default', index: 3 }
const shown = { run: 'r', item: 'a', executor: 'sandbox' }

describe('a recorded policy', () => {
  test('has the places that its parts came from', () => {
    const view = recordedPolicy({ ...about, policy: { policy: made.policy, digest: made.digest, own } })
    expect(view).toMatchObject({ said: true, digest: made.digest, policy: made.policy })
    expect(view.parts?.find(({ pointer }) => pointer === '/limits/pids')?.from).toEqual([
      { level: 'item', pointer: '/items/3/limits/pids' },
    ])
  })

  test('has what its agent said from there, and nothing of another one', () => {
    const agents = { writer: { tools: { deny: ['git push*'] } }, other: { tools: { deny: ['x'] } } }
    const { policy, digest } = effective([
      { level: 'deployment', policy: deployment },
      { level: 'agent', policy: agents.writer },
    ])
    const held = { ...about, policies: { deployment, agents }, policy: { policy, digest } }
    const view = recordedPolicy({ ...held, agent: 'writer' })
    expect(view.parts?.find(({ pointer }) => pointer === '/tools/deny/0')?.from).toEqual([
      { level: 'agent', pointer: '/agents/writer/policy/tools/deny/0' },
    ])
    expect(policyText({ ...shown, ...view }).join('\n')).toContain('(agent /agents/writer/policy/tools/deny/0)')
    for (const agent of ['other', 'constructor', undefined])
      expect(recordedPolicy({ ...held, ...(agent !== undefined && { agent }) })).not.toHaveProperty('parts')
  })

  test('that its levels do not give any more counts as it was recorded, and says nothing of where it came from', () => {
    const view = recordedPolicy({ ...about, policy: { policy: made.policy, digest: made.digest } })
    expect(view).toEqual({ said: true, digest: made.digest, policy: made.policy })
    expect(policyText({ ...shown, ...view }).join('\n')).not.toContain('(default)')
  })

  test('whose levels are not valid any more is told all the same', () => {
    const policies = { deployment: { limits: { pids: -1 } } }
    const held = { policy: made.policy, digest: made.digest }
    expect(recordedPolicy({ ...about, policies, policy: held })).toEqual({ said: true, ...held })
  })

  test('of an item that another one added has the policy of that one as a level of its own', () => {
    const agents = { writer: { tools: { deny: ['git push*'] } } }
    // It stands for the deployment, which gives secrets, and for the queue.
    const rule = { host: 'model.example', mode: 'endpoint', paths: ['/v1/*'], inject: 'key' } as const
    const parent = effective([
      { level: 'deployment', policy: { limits: { pids: 7 }, network: { allow: [rule] } } },
    ]).policy
    const { policy, digest } = effective([
      { level: 'deployment', policy: parent },
      { level: 'agent', policy: agents.writer },
      { level: 'item', policy: own },
    ])
    const queues = { default: { limits: { memoryBytes: 2 ** 30 } } }
    const held = { policies: { deployment, agents, queues }, queue: 'default', agent: 'writer', index: 1 }
    const view = recordedPolicy({ ...held, policy: { policy, digest, own }, parent: { policy: parent } })
    const from = (at: string) => view.parts?.find(({ pointer }) => pointer === at)?.from
    expect(view).toMatchObject({ said: true, digest, policy })
    expect(from('/limits/pids')).toEqual([{ level: 'item', pointer: '/items/1/limits/pids' }])
    expect(from('/network/allow/0')).toEqual([{ level: 'parent', pointer: '/network/allow/0' }])
    expect(from('/tools/deny/0')).toEqual([{ level: 'agent', pointer: '/agents/writer/policy/tools/deny/0' }])
    const lines = policyText(
      policyView.parse({ ...shown, ...view, parent: 'lead', defaultLimits: { pids: 7, cpu: 2 } }),
    )
    expect(lines).toContain('  cpu 2  (executor sandbox)')
    expect(lines).not.toContainEqual(expect.stringContaining('pids 7'))
    const less = policyText(policyView.parse({ ...shown, ...view, mostLimits: { pids: 1 } }))
    expect(less).toContainEqual(expect.stringMatching(/^ {2}pids 1 {2}\(executor sandbox, in place of \d+: item /))
    expect(lines).toContainEqual(expect.stringContaining('added by lead'))
    expect(lines).toContainEqual(expect.stringMatching(/model\.example.*\(parent \/network\/allow\/0\)$/))
    // Of another parent it is not told.
    expect(recordedPolicy({ ...held, policy: { policy, digest, own }, parent: {} })).not.toHaveProperty('parts')
  })

  test('of one whose parent had no policy reaches no host by its parent', () => {
    const { policy, digest } = effective([{ level: 'parent', policy: { network: { allow: [] } } }])
    const view = recordedPolicy({ policies: {}, queue: 'default', index: 0, policy: { policy, digest }, parent: {} })
    const none = view.parts?.find(({ pointer }) => pointer === '/network/allow')
    expect(none?.from).toEqual([{ level: 'parent', pointer: '/network/allow' }])
  })

  test('is the defaults where no level said anything', () => {
    const view = recordedPolicy({ queue: 'default', index: 0 })
    expect(view).toMatchObject({ said: false, policy: { network: { allow: [] } } })
    expect(view.parts?.flatMap(({ from }) => from)).toEqual([])
  })
})

describe('the recorded policy of a set-up', () => {
  const model = { host: 'model.example', mode: 'endpoint' } as const
  const registry = { host: 'registry.example', mode: 'intercept' } as const
  const policies = {
    deployment: { limits: { pids: 9, cpu: 2 }, tools: { deny: ['git push*'] }, network: { allow: [model] } },
    setup: { limits: { pids: 5 }, network: { allow: [registry, model] } },
  }
  const asks: Policy = { limits: { wallClockMs: 1_000 }, network: { allow: [registry] } }
  const together = effective([
    {
      level: 'deployment',
      policy: { limits: { pids: 5, cpu: 2 }, tools: policies.deployment.tools, network: policies.setup.network },
    },
    { level: 'item', policy: asks },
  ])
  const held = { policy: together.policy, digest: together.digest, own: asks }
  const origin = (view: ReturnType<typeof recordedSetupPolicy>, at: string) =>
    view.parts?.find(({ pointer }) => pointer === at)?.from.map(({ level, pointer }) => `${level} ${pointer}`)

  test('has each part from where it was said: of set-ups, of everything, or in the plan', () => {
    const view = recordedSetupPolicy({ policies, policy: held })
    expect(view).toMatchObject({ said: true, digest: together.digest, policy: together.policy })
    expect(origin(view, '/limits/pids')).toEqual(['deployment /setup/policy/limits/pids'])
    expect(origin(view, '/limits/cpu')).toEqual(['deployment /policy/limits/cpu'])
    expect(origin(view, '/limits/wallClockMs')).toEqual(['item /workspace/setup/policy/limits/wallClock'])
    expect(origin(view, '/tools/deny/0')).toEqual(['deployment /policy/tools/deny/0'])
    expect(origin(view, '/network/allow/0')).toEqual([
      'deployment /setup/policy/network/allow/0',
      'item /workspace/setup/policy/network/allow/0',
    ])
  })

  test('has hosts that the plan names among those of attempts from there', () => {
    const own: Policy = { network: { allow: [model] } }
    const above = { ...policies, setup: { tools: { shell: ['npm *'] } } }
    const { policy, digest } = effective([
      {
        level: 'deployment',
        policy: { ...policies.deployment, tools: { ...policies.deployment.tools, ...above.setup.tools } },
      },
      { level: 'item', policy: own },
    ])
    const view = recordedSetupPolicy({ policies: above, policy: { policy, digest, own } })
    expect(origin(view, '/network/allow/0')).toEqual([
      'deployment /policy/network/allow/0',
      'item /workspace/setup/policy/network/allow/0',
    ])
    expect(origin(view, '/tools/shell/0')).toEqual(['deployment /setup/policy/tools/shell/0'])
    expect(origin(view, '/tools/deny/0')).toEqual(['deployment /policy/tools/deny/0'])
  })

  test('counts as it was recorded where its levels do not give it any more', () => {
    const view = recordedSetupPolicy({ policies: {}, policy: held })
    expect(view).toEqual({ said: true, digest: together.digest, policy: together.policy })
  })

  test('is the defaults where nothing was said of it', () => {
    expect(recordedSetupPolicy({})).toMatchObject({ said: false, policy: { network: { allow: [] } } })
  })

  test('is told after that of the attempts, without files, and only where there is a set-up', () => {
    const view = { ...shown, ...recordedPolicy(about) }
    const plain = policyText(view)
    const setup = recordedSetupPolicy({ policies, policy: held })
    const lines = policyText(policyView.parse({ ...view, setup }))
    expect(lines.slice(0, plain.length)).toEqual(plain)
    const more = lines.slice(plain.length)
    expect(more[0]).toContain(together.digest)
    expect(more).toContain('  wall clock 1 s  (plan /workspace/setup/policy/limits/wallClock)')
    expect(more).not.toContain('reads')
    expect(policyView.parse(view)).not.toHaveProperty('setup')
  })
})
