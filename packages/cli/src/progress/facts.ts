import type { JsonObject } from '@seamark/core'

/** A text in a record's data; a newer service may send others than this version knows. */
export function fact(data: JsonObject, name: string): string | undefined {
  const value = data[name]
  return typeof value === 'string' ? value : undefined
}

/** Why an attempt or a set-up ended badly: `exit code 3`, `output-missing: reports/junit.xml`. */
export function badEnd(data: JsonObject): string | undefined {
  const reason = fact(data, 'reason')
  const detail = fact(data, 'detail')
  if (reason === 'exit-code' && detail !== undefined) return `exit code ${detail}`
  return detail === undefined ? reason : `${reason}: ${detail}`
}

/** Why an item did not run or did not end well, in words. */
export function reasonText(reason: string): string {
  switch (reason) {
    case 'needs':
      return 'what it needs did not succeed'
    case 'setup':
      return 'the set-up failed'
    default:
      return reason
  }
}
