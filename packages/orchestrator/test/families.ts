import type { AnyRecord, AttemptPort, ChildrenPort, ItemSpec, Worker } from '@seamark/core'
import { runFold } from '@seamark/evidence'
import { parseHeader } from '@seamark/log'
import type { EngineOptions } from '../src/index.ts'
import { engineWith, fakeHands, item } from './harness.ts'
import type { Script } from './harness.ts'
import { until } from './records.ts'

export const MAY = { max: 10, depth: 1, end: 'cancel' } as const

/** An engine whose attempts give their ports to whoever waits for them, and hold until they are let go. */
export async function families(script: Script = () => 'hold', more: Partial<EngineOptions> = {}) {
  const hands = fakeHands(script)
  const ports = new Map<string, AttemptPort>()
  const worker: Worker = {
    ...hands.worker,
    async follow(task, executor, exit, options) {
      if (options?.port !== undefined) ports.set(`${task.item?.id} ${task.attempt}`, options.port)
      await hands.worker.follow(task, executor, exit)
    },
  }
  const made = await engineWith(hands, { worker, ...more })
  const launchOf = (id: string) => [...hands.tasks.values()].findLast((task) => task.item?.id === id)?.launchId ?? ''
  return {
    ...made,
    hands,
    ports,
    isRunning: (id: string) => hands.running().includes(launchOf(id)),
    leave: (id: string) => hands.exit(launchOf(id)),
    async childrenOf(id: string, attempt = 1): Promise<ChildrenPort> {
      await until(() => ports.has(`${id} ${attempt}`))
      const port = ports.get(`${id} ${attempt}`)?.children
      if (port === undefined) throw new Error(`${id} may add no items.`)
      return port
    },
  }
}

export const parent = (more: Partial<ItemSpec> = {}) => item('p', { children: MAY, ...more })
export const child = (id: string, more: Partial<ItemSpec> = {}) => item(`p-1-${id}`, more)

/** Whether the verifier of bundles takes these records, and what it makes of the run. */
export function verified(log: readonly AnyRecord[], run: string) {
  const fold = runFold()
  const illegal = log.flatMap((record) => {
    parseHeader(Buffer.from(JSON.stringify(record)))
    return (record.run === run ? fold.add(record) : undefined) ?? []
  })
  return { illegal, outcome: fold.outcome(), items: fold.items }
}
