/** `1.2 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A time in UTC, to the second. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Thousand-millionths of a dollar, as dollars to a hundredth of a cent. */
export function dollars(nanoUsd: number): string {
  return `$${(nanoUsd / 1e9).toFixed(4)}`
}

export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`
  return count < 1_024 ** 2 ? `${(count / 1_024).toFixed(1)} KiB` : `${(count / 1_024 ** 2).toFixed(1)} MiB`
}

export function fit(text: string, width: number): string {
  // A pair that is cut in two would be shown by its number.
  return text.length <= width ? text : `${text.slice(0, width - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
