import type { CallOptions, SecretStore, StepTask } from '@seamark/core'
import type { KnownSecret, RedactionTable } from '@seamark/kit'
import { hasCode, redactionTable } from '@seamark/kit'
import { rulesOf } from './runtime-task.ts'

/** What each launch must leave nowhere: the values of the secrets that its policy names. It holds the values. */
export interface KnownSecrets {
  /**
   * Looks the values up, and keeps those of before in mind too. Errors: those of `SecretStore.resolve` and
   * `redactionTable`; a secret that is gone or over is told only where none of its values is in mind.
   */
  learn(task: StepTask, options?: CallOptions): Promise<RedactionTable>
  /** What was learned of a launch that was not forgotten. */
  of(launchId: string): RedactionTable | undefined
  forget(launchId: string): void
}

interface Learned {
  readonly values: readonly KnownSecret[]
  readonly table: RedactionTable
}

const NOTHING: Learned = { values: [], table: redactionTable([]) }

/** Names of the secrets that the gateway adds for a task. */
function namesOf(task: StepTask): readonly string[] {
  const rules = rulesOf(task)
  return [...new Set(rules.flatMap(({ inject }) => (inject === undefined ? [] : [inject])))]
}

export function knownSecrets(store: Pick<SecretStore, 'resolve'> | undefined): KnownSecrets {
  const launches = new Map<string, Learned>()

  async function current(name: string, isKnown: boolean, { signal }: CallOptions): Promise<readonly KnownSecret[]> {
    if (store === undefined) return []
    try {
      const { value } = await store.resolve(name, signal && { signal })
      return [{ name, value }]
    } catch (error) {
      // It was taken away while the attempt ran, which may have what it was.
      if (isKnown && (hasCode(error, 'NOT_FOUND') || hasCode(error, 'FORBIDDEN'))) return []
      throw error
    }
  }

  return {
    async learn(task, options = {}) {
      const names = namesOf(task)
      const { values } = launches.get(task.launchId) ?? NOTHING
      const isKnown = (name: string) => values.some((known) => known.name === name)
      const found = (await Promise.all(names.map((name) => current(name, isKnown(name), options)))).flat()
      const fresh = found.filter(({ value }) => !values.some((known) => Buffer.from(known.value).equals(value)))
      const before = launches.get(task.launchId) ?? NOTHING
      const all = [...before.values, ...fresh]
      const learned = fresh.length === 0 ? before : { values: all, table: redactionTable(all) }
      launches.set(task.launchId, learned)
      return learned.table
    },
    of: (launchId) => launches.get(launchId)?.table,
    forget: (launchId) => void launches.delete(launchId),
  }
}
