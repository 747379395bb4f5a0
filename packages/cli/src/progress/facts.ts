import type { JsonObject } from '@seamark/core'

/** A text in a record's data; a newer service may send others than this version knows. */
export function fact(data: JsonObject, name: string): string | undefined {
  const value = data[name]
  return typeof value === 'string' ? value : undefined
}
