import type { Policy } from '@seamark/core'
import { effective } from '@seamark/policy'
import { describe, expect, test } from 'vitest'
import { policyText, recordedPolicy } from '../src/index.ts'

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

  test('is the defaults where no level said anything', () => {
    const view = recordedPolicy({ queue: 'default', index: 0 })
    expect(view).toMatchObject({ said: false, policy: { network: { allow: [] } } })
    expect(view.parts?.flatMap(({ from }) => from)).toEqual([])
  })
})
