/** Bounds of what one command has the engine decide. Beyond one it is refused with `LIMIT_EXCEEDED`. */
export const ENGINE_LIMITS: {
  readonly takenItems: number
  readonly takenBytes: number
} = {
  /** Items whose results one run takes from an earlier one: they are recorded at once. */
  takenItems: 5_000,
  /** Canonical JSON of these results: ids of items, and the data of `item.taken`. */
  takenBytes: 16 * 1024 * 1024,
}

/** Bounds of waiting for a limit of a provider. */
export const LIMITED_LIMITS: {
  readonly attempts: number
  readonly usualMs: number
  readonly mostMs: number
} = {
  /** Attempts of an item in a row that end because of a limit. The item fails with `rate-limit` with one more. */
  attempts: 100,
  /** Milliseconds after which it goes on where neither its program nor the answer that was metered says when the limit is over. */
  usualMs: 60_000,
  /** Milliseconds of one wait, whatever is said: 8 days, as the longest limit of a provider is that of a week. */
  mostMs: 8 * 86_400_000,
}
