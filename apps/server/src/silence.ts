/** The values of an iterable, and `undefined` whenever none came for `ms` milliseconds. */
export async function* orSilence<T>(values: AsyncIterable<T>, ms: number): AsyncIterable<T | undefined> {
  const iterator = values[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<T>> | undefined
  try {
    for (;;) {
      next ??= iterator.next()
      const silence = Promise.withResolvers<'silence'>()
      const timer = setTimeout(() => silence.resolve('silence'), ms)
      const result = await Promise.race([next, silence.promise]).finally(() => clearTimeout(timer))
      if (result === 'silence') yield undefined
      else {
        next = undefined
        if (result.done === true) return
        yield result.value
      }
    }
  } finally {
    // An iterator that still waits can not return: its signal ends it, and nobody is left to hear of it.
    if (next !== undefined) next.catch(() => undefined)
    else await iterator.return?.()
  }
}
