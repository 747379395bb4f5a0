import type { Journal } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import type { KnownLog } from '@seamark/testing'
import { setTimeout } from 'node:timers/promises'

/** Appends as the engine does: after an error that may pass it looks at the size, and tries again what is not stored. */
export async function appendPatiently(
  journal: Journal,
  log: KnownLog,
  count: number,
  told: (code: string) => void = () => undefined,
): Promise<void> {
  const before = log.frontier.size
  for (;;) {
    try {
      return await log.append(count)
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE') && !hasCode(error, 'LIMIT_EXCEEDED')) throw error
      told(error.code)
    }
    const size = await sizeOf(journal, told)
    if (size === before + count) return log.took(count)
    if (size !== before) throw new Error(`${size} records after an append of ${count} to ${before}`)
    await setTimeout(20)
  }
}

async function sizeOf(journal: Journal, told: (code: string) => void): Promise<number> {
  for (;;) {
    try {
      return (await journal.head('default')).size
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error
      told(`head ${error.code}`)
      await setTimeout(50)
    }
  }
}
