export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** Has at most so many works under way at one time; the others wait for their turn, in order. */
export function turns(most: number): Turns {
  const waiting: (() => void)[] = []
  let free = most

  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((go) => void waiting.push(go))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
