import { laterTeller } from './tell-later.ts'

// A program can open thousands of connections in a moment: one decision a second says how many were too many.
const aSecondMs = 1_000

/** Counts connections that were dropped, and tells how many now and then. */
export function dropCounter(
  tell: (count: number) => Promise<void>,
  everyMs: number = aSecondMs,
): {
  readonly add: () => void
  /** Tells of those that were not told of, and waits for what is being told. Rejects where that can not be recorded. */
  readonly flush: () => Promise<void>
} {
  let untold = 0

  async function tellAll(): Promise<void> {
    const count = untold
    untold = 0
    if (count === 0) return
    try {
      await tell(count)
    } catch (error) {
      untold += count
      throw error
    }
  }

  const { later, flush } = laterTeller(tellAll, () => everyMs)
  return {
    add() {
      untold++
      later()
    },
    flush,
  }
}
