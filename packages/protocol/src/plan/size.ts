const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** `512KiB`, `64MiB`, `4GiB`, `1TiB`: a whole number above 0 and a binary unit, at most 8,191 TiB. */
export const SIZE: RegExp = /^[1-9][0-9]{0,11}(?:KiB|MiB|GiB|TiB)$/

/** Bytes of a size, or `undefined` for what is none or is over the limit. */
export function sizeBytes(text: string): number | undefined {
  const found = /^([1-9][0-9]{0,11})(KiB|MiB|GiB|TiB)$/.exec(text)
  const unit = units[found?.[2] ?? '']
  if (found === null || unit === undefined) return undefined
  const bytes = Number(found[1]) * unit
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
