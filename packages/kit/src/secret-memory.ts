import type { CallOptions, Problem, SecretStore } from '@seamark/core'
import { SeamError, toSeamError } from './errors.ts'
import { redactBytes } from './redact-stream.ts'
import type { KnownSecret, RedactionTable } from './redact-table.ts'
import { redactionTable } from './redact-table.ts'

/** Keeps in mind which values were resolved, so that they can be kept out of what is written. It holds the values. */
export interface SecretMemory {
  /** The same store; every value that it gives is kept in mind first. Errors: also those of `redactionTable`. */
  watch(store: SecretStore): SecretStore
  /** The text without the values, as `streamRedactor` leaves it. */
  text(text: string): string
  /** The error as it is while nothing is known, otherwise a `SeamError` whose words have no value in them, without its cause. */
  error(error: Error): Error
}

/** Most values that are kept in mind; of one that is replaced often, the oldest are forgotten first. */
const MOST = 1_000

export function secretMemory(): SecretMemory {
  const values = new Map<string, KnownSecret>()
  let table: RedactionTable | undefined

  function keep(name: string, value: Uint8Array): void {
    const key = `${name} ${Buffer.from(value).toString('base64')}`
    if (values.has(key)) return
    const copy = { name, value: Uint8Array.from(value) }
    // Refuses what could not be kept out of anything.
    redactionTable([copy])
    values.set(key, copy)
    for (const oldest of values.keys()) {
      if (values.size <= MOST) break
      values.delete(oldest)
    }
    table = undefined
  }

  function text(from: string): string {
    if (values.size === 0) return from
    table ??= redactionTable(values.values())
    return Buffer.from(redactBytes(Buffer.from(from), table)).toString()
  }

  const problem = (from: Problem): Problem => ({
    ...from,
    message: text(from.message),
    ...(from.remedy !== undefined && { remedy: text(from.remedy) }),
    ...(from.place && { place: { ...from.place, pointer: text(from.place.pointer) } }),
  })

  return {
    watch: (store) => {
      const write = store.replace?.bind(store)
      const list = store.list?.bind(store)
      return {
        spec: store.spec,
        kind: store.kind,
        name: store.name,
        guarantees: store.guarantees,
        async resolve(ref, options) {
          const found = await store.resolve(ref, options)
          keep(found.ref, found.value)
          return found
        },
        describe: (ref, options) => store.describe(ref, options),
        ...(list && { list }),
        ...(write && {
          async replace(ref: string, version: string, value: Uint8Array, options?: CallOptions) {
            keep(ref, value)
            return write(ref, version, value, options)
          },
        }),
      }
    },
    text,
    error(error) {
      if (values.size === 0) return error
      const { code, message, retryAfterMs, problems } = toSeamError(error)
      const clean = new SeamError(code, text(message), {
        problems: problems.map(problem),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      })
      if (error.stack !== undefined) clean.stack = text(error.stack)
      return clean
    },
  }
}
