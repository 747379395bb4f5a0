import type { Executor, ExecutorGuarantees } from '@seamark/core'
import { memoryExecutor } from '@seamark/testing'
import { expect, it } from 'vitest'
import { planNames } from '../src/plan-names.ts'

const problem = { code: 'UNSUPPORTED', message: 'No socket can be reached.', remedy: 'Let it.' } as const

it('what keeps an executor from leading attempts out is asked for until it is gone, and told to who reads a plan', async () => {
  const memory = memoryExecutor()
  let asked = 0
  let isOpen = false
  let noWayOut: ExecutorGuarantees['noWayOut']
  const executor: Executor = {
    ...memory,
    get guarantees() {
      return { ...memory.guarantees, ...(noWayOut && { noWayOut }) }
    },
    async unavailable() {
      asked++
      noWayOut = isOpen ? undefined : problem
      return undefined
    },
  }
  const names = planNames({
    executors: [executor],
    runtimes: [],
    queues: [],
    agents: [],
    policies: {},
    egress: { inject: [] },
    shortfall: async () => undefined,
  })
  const holds = async () => (await names.now()).executors[0]?.holds?.noWayOut
  expect(await holds()).toEqual(problem)
  isOpen = true
  expect(await holds()).toBeUndefined()
  expect(await holds()).toBeUndefined()
  expect(asked).toBe(2)
})
