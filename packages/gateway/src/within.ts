import { SeamError } from '@seamark/kit'

/** A promise's result, if it comes in time; otherwise whoever works on it is told to stop. Errors: `TIMEOUT`. */
export function within<T>(promise: Promise<T>, ms: number, stop: AbortController): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new SeamError('TIMEOUT', 'It took too long.')
      reject(error)
      stop.abort(error)
    }, ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
