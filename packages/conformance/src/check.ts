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

/** A copy of what is the same after it was kept as JSON; what is not fails. */
export function throughJson<T>(value: T, what: string): T {
  const parsed: unknown = JSON.parse(JSON.stringify(value))
  expectEqual(parsed, value, `${what} as JSON`)
  return structuredClone(value)
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

/** The results of all, or the first failure once all are over, so that nothing goes on after the case. */
export async function together<T>(calls: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(calls)
  return Promise.all(calls)
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
