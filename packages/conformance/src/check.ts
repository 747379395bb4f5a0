import type { ErrorCode } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { inspect, isDeepStrictEqual } from 'node:util'

/** Fails a case. */
export function fail(what: string): never {
  throw new Error(what)
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) fail(`${what}: expected ${inspect(expected)}, got ${inspect(actual)}`)
}

/** The call must fail with this code, within ten seconds. */
export async function expectCode(code: ErrorCode, call: () => Promise<unknown>, what: string): Promise<void> {
  const outcome = await within(
    call().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    what,
  )
  if ('value' in outcome) fail(`${what}: expected ${code}, got ${inspect(outcome.value)}`)
  if (!hasCode(outcome.error, code)) fail(`${what}: expected ${code}, got ${inspect(outcome.error)}`)
}

/** The promise's result; a hang is a failure. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing happened for ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
