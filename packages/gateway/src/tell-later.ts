/** What has gathered is told some time later, one call at a time. */
export interface LaterTeller {
  /** Has it told in a while. What can not be told then is tried again after another while. */
  readonly later: () => void
  /** Tells it now, once what is being told is over. Rejects where that can not be recorded. */
  readonly flush: () => Promise<void>
}

/**
 * `tell` takes what has gathered, and keeps it gathered where it rejects. `delayMs` says how long the next while is. What waits keeps
 * no process from ending.
 */
export function laterTeller(tell: () => Promise<void>, delayMs: () => number): LaterTeller {
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()

  function flush(): Promise<void> {
    const next = telling.then(() => {
      clearTimeout(timer)
      timer = undefined
      return tell()
    })
    // Only the turn of the next call: whoever made this one is told by what it gets.
    telling = next.catch(() => undefined)
    return next
  }

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      // Nobody waits for it: it is told later or at the end.
      flush().catch(later)
    }, delayMs()).unref()
  }

  return { later, flush }
}
