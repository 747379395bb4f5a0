import type { PlanPolicy, PlanSetupPolicy, RunPolicies } from '@seamark/core'
import { effective } from '@seamark/policy'
import { describe, expect, test } from 'vitest'
import { deploymentPolicies, parsePlan } from '../src/index.ts'
import type { CheckedPlan, PlanDeployment } from '../src/index.ts'

const all = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', idle: 'enforced' } as const
const none = { cpu: 'none', memory: 'none', pids: 'none', disk: 'none', idle: 'none' } as const
const REGISTRY = { host: 'registry.example', mode: 'intercept', methods: ['GET'] } as const
const PRIVATE = { host: 'private.example', mode: 'intercept', paths: ['/*'], inject: 'npm-token' } as const
const MODEL = { host: 'model.example', mode: 'endpoint' } as const

function policies(policy?: PlanPolicy, setup?: PlanSetupPolicy): RunPolicies {
  const read = deploymentPolicies({ policy, setup: { policy: setup } })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.policies
}

function result(own: PlanSetupPolicy | undefined, above: RunPolicies, executor = 'sandbox') {
  const deployment: PlanDeployment = {
    queues: ['default'],
    executors: [
      { name: 'sandbox', holds: { filesystem: 'private', network: 'none', limits: all } },
      { name: 'process', holds: { filesystem: 'host', network: 'host', limits: none } },
    ],
    runtimes: ['command'],
    lineRuntimes: ['command'],
    egress: { inject: ['npm-token'], meters: { model: ['model.example'] } },
    policies: above,
  }
  const setup = { run: 'npm ci', key: ['package.json'], paths: ['node_modules'], ...(own && { policy: own }) }
  const plan = { version: 1, workspace: { git: '.', setup }, items: [{ id: 'a', run: 'true', executor }] }
  return parsePlan(JSON.stringify(plan), { deployment })
}

function plan(own?: PlanSetupPolicy, above = policies()): CheckedPlan {
  const read = result(own, above)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

const hosts = (own?: PlanSetupPolicy, above?: RunPolicies): readonly string[] =>
  plan(own, above).setup?.policy?.policy.network?.allow.map(({ host }) => host) ?? []

function found(own?: PlanSetupPolicy, above = policies(), executor?: string): string[] {
  const read = result(own, above, executor)
  return read.ok ? [] : read.problems.map(({ code, place: at }) => `${code} ${at?.pointer}`)
}

describe('what a set-up may reach', () => {
  test('is nothing where nothing is said of set-ups, whatever attempts may reach', () => {
    expect(hosts()).toEqual([])
    expect(hosts(undefined, policies({ network: { allow: [MODEL, PRIVATE] } }))).toEqual([])
    expect(hosts({ limits: { pids: 9 } }, policies({ network: { allow: [MODEL] } }))).toEqual([])
  })

  test('is what the deployment says of set-ups in place of what attempts may reach, and not the other way', () => {
    const above = policies({ network: { allow: [MODEL] } }, { network: { allow: [REGISTRY, PRIVATE] } })
    const made = plan(undefined, above)
    expect(hosts(undefined, above)).toEqual(['private.example', 'registry.example'])
    expect(made.items[0]?.policy?.policy.network?.allow.map(({ host }) => host)).toEqual(['model.example'])
    expect(hosts({ network: { allow: [{ host: 'registry.example', mode: 'intercept' }] } }, above)).toEqual([
      'registry.example',
    ])
    expect(found({ network: { allow: [MODEL] } }, above)).toEqual([
      'FORBIDDEN /workspace/setup/policy/network/allow/0/host',
    ])
  })

  test('is what the plan names among what attempts may reach, where the deployment says nothing of set-ups', () => {
    const above = policies({ network: { allow: [MODEL, REGISTRY] } })
    expect(hosts({ network: { allow: [{ host: 'registry.example', mode: 'intercept' }] } }, above)).toEqual([
      'registry.example',
    ])
    const other = { network: { allow: [{ host: 'other.example', mode: 'tunnel' }] } } as const
    expect(found(other, above)).toEqual(['FORBIDDEN /workspace/setup/policy/network/allow/0/host'])
    expect(found(other, policies({ network: { allow: [] } }))).toHaveLength(1)
    expect(found(other, policies({}, { network: { allow: [] } }))).toHaveLength(1)
  })

  test('has a secret only where the deployment adds it', () => {
    expect(found({ network: { allow: [PRIVATE] } })).toEqual([
      'FORBIDDEN /workspace/setup/policy/network/allow/0/inject',
    ])
    const [rule] = plan(undefined, policies({}, { network: { allow: [PRIVATE] } })).setup?.policy?.policy.network
      ?.allow ?? [undefined]
    expect(rule?.inject).toBe('npm-token')
  })

  test('has no meter: it can not wait for a budget', () => {
    const metered = { ...MODEL, meter: 'model' } as const
    expect(found({ network: { allow: [metered] } })).toEqual(['UNSUPPORTED /workspace/setup/policy/network/allow/0'])
    expect(found(undefined, policies({}, { network: { allow: [metered] } }))).toEqual(['UNSUPPORTED /workspace/setup'])
    const above = policies({ network: { allow: [metered, REGISTRY] } })
    expect(found({ network: { allow: [MODEL] } }, above)).toEqual([
      'UNSUPPORTED /workspace/setup/policy/network/allow/0',
    ])
    expect(found({ network: { allow: [REGISTRY] } }, above)).toEqual([])
    expect(found(undefined, above)).toEqual([])
  })

  test('is refused where the executor can not hold it', () => {
    expect(found(undefined, policies({}, { network: { allow: [REGISTRY] } }), 'process')).toEqual([
      'UNSUPPORTED /workspace/setup',
    ])
    expect(found({ network: { allow: [REGISTRY] } }, policies(), 'process')).toEqual([
      'UNSUPPORTED /workspace/setup/policy/network/allow/0',
    ])
  })
})

describe('the rest of the policy of a set-up', () => {
  test('is what the deployment says of attempts, but for what it says of set-ups', () => {
    const above = policies(
      { limits: { pids: 10, memory: '1GiB' }, tools: { deny: ['git push*'], shell: ['true'] } },
      { limits: { memory: '4GiB' }, tools: { shell: ['npm *'] } },
    )
    const { setup, policies: recorded } = plan({ limits: { wallClock: '5m' } }, above)
    expect(setup?.policy).toMatchObject({
      policy: {
        limits: { pids: 10, memoryBytes: 4 * 2 ** 30, wallClockMs: 300_000 },
        tools: { deny: ['git push*'], shell: ['npm *'] },
      },
      own: { limits: { wallClockMs: 300_000 } },
    })
    expect(recorded?.setup).toEqual({ limits: { memoryBytes: 4 * 2 ** 30 }, tools: { shell: ['npm *'] } })
    expect(found({ limits: { memory: '5GiB' } }, above)).toEqual(['FORBIDDEN /workspace/setup/policy/limits/memory'])
  })

  test('is recorded with its digest', () => {
    const own = { network: { allow: [{ host: 'a.example', mode: 'tunnel' }] } } as const
    const { digest } = effective([{ level: 'item', policy: own }])
    expect(plan(own).setup?.policy).toMatchObject({ digest, own })
    expect(plan().setup).not.toHaveProperty('policy')
  })

  test('has its mistakes told in their places, and no files', () => {
    const wrong = { network: { allow: [{ host: 'a b', mode: 'tunnel' }] }, filesystem: { write: [] } }
    expect(found(wrong as PlanSetupPolicy).sort()).toEqual(['INVALID_INPUT /workspace/setup/policy/filesystem'])
    expect(found({ network: { allow: [{ host: 'a b', mode: 'tunnel' }] } })).toEqual([
      'INVALID_INPUT /workspace/setup/policy/network/allow/0/host',
    ])
    const read = deploymentPolicies({ setup: { policy: { filesystem: { hide: ['x'] }, limits: { cpu: -1 } } } })
    expect(read.ok ? [] : read.problems.map(({ place }) => place?.pointer)).toEqual(['/setup/policy/limits/cpu'])
    const files = deploymentPolicies({ setup: { policy: { filesystem: { hide: ['x'] } } } })
    expect(files.ok ? [] : files.problems.map(({ place }) => place?.pointer)).toEqual(['/setup/policy/filesystem'])
  })
})
