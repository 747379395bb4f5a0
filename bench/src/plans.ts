import type { ItemSpec, Submission } from '@seamark/core'

/** `flat`: no item waits for another. `chain`: each needs the one before. `lock`: all want the same lock. */
export type Shape = 'flat' | 'chain' | 'lock'

const retries = { max: 0, minDelayMs: 1_000, maxDelayMs: 60_000 }
const lock: ItemSpec['locks'] = [{ type: 'name', name: 'bench' }]

/** A plan of `count` items that do nothing. */
export function submissionOf(run: string, shape: Shape, count: number): Submission {
  const items = Array.from({ length: count }, (_, index): ItemSpec => ({
    id: `item-${index}`,
    run: 'true',
    needs: shape === 'chain' && index > 0 ? [{ from: index - 1 }] : [],
    locks: shape === 'lock' ? lock : [],
    gates: [],
    outputs: [],
    effects: 'write-impure',
    runtime: 'command',
    executor: 'noop',
    queue: 'default',
    priority: 0,
    timeoutMs: 60_000,
    retries,
    env: {},
    keepWorkspace: true,
  }))
  return { run, plan: '0'.repeat(64), spec: { workspace: { type: 'empty' } }, items }
}
