import { orAbort, throwIfAborted } from '@seamark/kit'

/** Does a work when it is its turn. Errors: those of the work; `ABORTED` where the signal fires while it waits. */
export type Turns = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** Has at most so many works done at a time; the others wait, in the order in which they came. */
export function turns(most: number): Turns {
  let free = most
  const waiting = new Set<() => void>()

  async function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal)
    if (free > 0) {
      free--
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.add(resolve)
    try {
      await orAbort(promise, signal)
    } catch (error) {
      // What was given to it just now goes to the next.
      if (!waiting.delete(resolve)) giveTurn()
      throw error
    }
  }

  function giveTurn(): void {
    const [next] = waiting
    if (next === undefined) {
      free++
      return
    }
    waiting.delete(next)
    next()
  }

  return async (work, signal) => {
    await takeTurn(signal)
    try {
      return await work()
    } finally {
      giveTurn()
    }
  }
}
