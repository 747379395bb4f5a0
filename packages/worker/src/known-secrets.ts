import type { CallOptions, SecretStore, StepTask } from '@seamark/core'
import type { KnownSecret, RedactionTable } from '@seamark/kit'
import { hasCode, redactionTable, throwIfAborted } from '@seamark/kit'
import { rulesOf } from './runtime-task.ts'

/** What each launch must leave nowhere: the values of the secrets that its policy names, and what was made of them. It holds the values. */
export interface KnownSecrets {
  /** Looks the values up of a launch that begins. What can not be had is left out: `add` tells it before it is used. Errors: `ABORTED`. */
  begin(task: StepTask, options?: CallOptions): Promise<void>
  /**
   * Looks the values up, and keeps those of before in mind too; what is gone or over is left out. Errors: of a launch that another
   * process began those of `SecretStore.resolve` and `redactionTable`, as it may have been sent what can not be had now; `ABORTED`.
   */
  learn(task: StepTask, options?: CallOptions): Promise<RedactionTable>
  /** Keeps a value in mind that is added to requests of a launch. Errors: those of `redactionTable`. */
  add(launchId: string, name: string, value: Uint8Array): void
  /** What was learned of a launch that was not forgotten. */
  of(launchId: string): RedactionTable | undefined
  forget(launchId: string): void
}

interface Learned {
  readonly values: readonly KnownSecret[]
  readonly table: RedactionTable
  /** Whether all that was added to its requests is in mind. */
  readonly whole: boolean
}

const NOTHING: Learned = { values: [], table: redactionTable([]), whole: false }

/** Most values of one launch. Of tokens that are made every few minutes for days the oldest are over by then. */
const MOST = 256

/** Names of the secrets that the gateway adds for a task. */
function namesOf(task: StepTask): readonly string[] {
  const rules = rulesOf(task)
  return [...new Set(rules.flatMap(({ inject }) => (inject === undefined ? [] : [inject])))]
}

export function knownSecrets(store: Pick<SecretStore, 'resolve'> | undefined): KnownSecrets {
  const launches = new Map<string, Learned>()
  const known = (launchId: string): Learned => launches.get(launchId) ?? NOTHING

  async function current(name: string, whole: boolean, { signal }: CallOptions): Promise<readonly KnownSecret[]> {
    if (store === undefined) return []
    try {
      const { value } = await store.resolve(name, signal && { signal })
      return [{ name, value }]
    } catch (error) {
      throwIfAborted(signal)
      // What was taken away is added to nothing; what it was is in mind where it was.
      if (whole || hasCode(error, 'NOT_FOUND') || hasCode(error, 'FORBIDDEN')) return []
      throw error
    }
  }

  function keep(launchId: string, found: readonly KnownSecret[]): RedactionTable {
    const before = known(launchId)
    const fresh = found.filter(({ value }) => !before.values.some((one) => Buffer.from(one.value).equals(value)))
    if (fresh.length === 0 && launches.has(launchId)) return before.table
    const values = [...before.values, ...fresh].slice(-MOST)
    const table = redactionTable(values)
    launches.set(launchId, { ...before, values, table })
    return table
  }

  async function learn(task: StepTask, options: CallOptions = {}): Promise<RedactionTable> {
    const { whole } = known(task.launchId)
    const found = await Promise.all(namesOf(task).map((name) => current(name, whole, options)))
    return keep(task.launchId, found.flat())
  }

  return {
    async begin(task, options) {
      launches.set(task.launchId, { ...NOTHING, whole: true })
      await learn(task, options)
    },
    learn,
    add: (launchId, name, value) => void keep(launchId, [{ name, value: Uint8Array.from(value) }]),
    of: (launchId) => launches.get(launchId)?.table,
    forget: (launchId) => void launches.delete(launchId),
  }
}
