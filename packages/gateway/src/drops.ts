// A program can open thousands of connections in a moment: one decision a second says how many were too many.
const everyMs = 1_000

/** Counts connections that were dropped, and tells how many now and then. */
export function dropCounter(tell: (count: number) => Promise<void>): {
  readonly add: () => void
  /** Tells of those that were not told of. Rejects where that can not be recorded. */
  readonly flush: () => Promise<void>
} {
  let untold = 0
  let timer: NodeJS.Timeout | undefined

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
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

  return {
    add() {
      untold++
      // What can not be told stays counted, and is told with the next or at the end.
      timer ??= setTimeout(() => void flush().catch(() => undefined), everyMs).unref()
    },
    flush,
  }
}
