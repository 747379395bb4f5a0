import type { AnyRecord, ChildrenPort, StepTask } from '@seamark/core'
import { orAbort } from '@seamark/kit'
import type { Known } from './check-submission.ts'
import { checkSubmission } from './check-submission.ts'
import type { Command, Reply } from './commands.ts'

/** Told of every batch of records once it is durable. */
export type Listeners = Set<(records: readonly AnyRecord[]) => void>

export interface ChildrenPortOptions extends Known {
  readonly salt: () => Uint8Array
  /** Errors: what the command is refused with. */
  readonly post: (command: Command) => Promise<Reply & { ok: true }>
  readonly listeners: Listeners
}

/** Items are checked as those of a submission are; which run they go to is decided with them. */
const OF_NO_PLAN = '0'.repeat(64)

/** What one attempt may have done with its children. */
export function childrenPort(
  { run, launchId, fence, workspace }: StepTask,
  options: ChildrenPortOptions,
): ChildrenPort {
  const { post, salt, listeners } = options
  return {
    async add(items) {
      checkSubmission({ run, plan: OF_NO_PLAN, spec: { workspace }, items }, options)
      const { created = false } = await post({ type: 'add', launchId, fence, items, salts: items.map(() => salt()) })
      return { created }
    },
    async list() {
      return (await post({ type: 'children', launchId, fence })).children ?? []
    },
    async changed({ signal } = {}) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const listener = (records: readonly AnyRecord[]): void => {
        if (records.some((record) => record.run === run && record.kind.startsWith('item'))) resolve()
      }
      listeners.add(listener)
      try {
        await orAbort(promise, signal)
      } finally {
        listeners.delete(listener)
      }
    },
  }
}
