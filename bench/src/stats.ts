/** The value in the middle; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Two measurements taken in turn. */
export interface Pairs {
  readonly measured: readonly number[]
  readonly baseline: readonly number[]
}

/**
 * Takes `count` pairs, the order within a pair alternating, so that what else the machine does falls on both.
 */
export async function inTurn(
  count: number,
  measured: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Pairs> {
  const pairs = { measured: new Array<number>(), baseline: new Array<number>() }
  for (let i = 0; i < count; i++) {
    if (i % 2 === 1) pairs.baseline.push(await baseline())
    pairs.measured.push(await measured())
    if (i % 2 === 0) pairs.baseline.push(await baseline())
  }
  return pairs
}

/** The median of the ratios of the pairs. */
export function pairedRatio({ measured, baseline }: Pairs): number {
  return median(measured.map((value, i) => value / (baseline[i] ?? Number.NaN)))
}

/** Milliseconds that a piece of work takes. */
export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
