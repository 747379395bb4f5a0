import type { PlanPolicy, RunPolicies } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import { deploymentPolicies, heldAgain, parsePlan } from '../src/index.ts'
import type { CheckedPlan, ExecutorHolds, PlanDeployment } from '../src/index.ts'

const limits = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', idle: 'enforced' } as const
const strong: ExecutorHolds = { filesystem: 'private', network: 'gateway', limits }
const weak: ExecutorHolds = { filesystem: 'host', network: 'host', limits: { ...limits, pids: 'none' } }

function place(policy: PlanPolicy, more: Partial<PlanDeployment> = {}): PlanDeployment {
  const read = deploymentPolicies({ policy })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return {
    queues: ['default'],
    executors: [{ name: 'x', holds: strong }],
    defaults: { executor: 'x' },
    egress: { inject: ['key'], meters: { model: ['api.example'] } },
    runtimes: ['command'],
    lineRuntimes: ['command'],
    policies: read.policies,
    ...more,
  }
}

const model = { host: 'api.example', mode: 'intercept', paths: ['/v1/*'], meter: 'model' } as const
const secret = { host: 'b.example', mode: 'intercept', paths: ['/*'], inject: 'key' } as const
const POLICY: PlanPolicy = {
  limits: { pids: 100 },
  network: { allow: [model, secret] },
  tools: { deny: ['git push*'] },
}
const TEXT = JSON.stringify({
  version: 1,
  workspace: { git: 'repo', setup: { run: 'make', key: ['a'], paths: ['b'], policy: { limits: { pids: 10 } } } },
  items: [
    { id: 'a', run: 'true', network: { allow: [model] } },
    { id: 'b', run: 'make', network: { allow: [secret] } },
  ],
})

function accepted(): CheckedPlan {
  const result = parsePlan(TEXT, { deployment: place(POLICY) })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, undefined, 1))
  return result.plan
}

/** `CODE pointer` of what is wrong with running these items again. */
function again(more: Partial<PlanDeployment>, indexes = [0, 1], policies?: RunPolicies): string[] {
  const { items, setup, policies: recorded } = accepted()
  const placed = items.flatMap((item, index) => (indexes.includes(index) ? [[index, item] as const] : []))
  const spec = { policies: policies ?? recorded ?? {}, ...(setup && { setup }) }
  return heldAgain(placed, spec, place({}, more)).map(({ code, place: at }) => `${code} ${at?.pointer}`)
}

const SETUP = 'UNSUPPORTED /workspace/setup'

describe('what is run again', () => {
  test('is held where all that holds it is still there', () => expect(again({})).toEqual([]))

  test('is refused where its executor, or the way out, holds less, in its own place', () => {
    expect(again({ executors: [{ name: 'x', holds: weak }] }, [1])).toEqual([
      'UNSUPPORTED /items/1',
      'UNSUPPORTED /items/1/network/allow/0',
      `${SETUP}/policy/limits/pids`,
    ])
    const closed = { ...strong, noWayOut: { message: 'No socket can be reached.' } }
    expect(again({ executors: [{ name: 'x', holds: closed }] }, [1])).toContain('UNSUPPORTED /items/1/network/allow/0')
    expect(again({ egress: { inject: [], meters: { model: ['api.example'] } } })).toEqual([
      'UNSUPPORTED /items/1/network/allow/0',
    ])
    expect(again({ egress: { inject: ['key'] } })).toEqual(['UNSUPPORTED /items/0/network/allow/0'])
    expect(again({ egress: { inject: ['key'] } }, [1])).toEqual([])
    expect(again({ lineRuntimes: [] }, [0])).toEqual(['UNSUPPORTED /items/0'])
  })

  test('is refused where the levels above do not make its policy any more', () => {
    expect(again({}, [0], {})).toContain('CONFLICT /items/0')
  })

  test('is not looked at where its executor is not there', () => expect(again({ executors: [] })).toEqual([]))
})
