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
