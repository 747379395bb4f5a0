import { SeamError } from '@seamark/kit'

/** A JSON object that nothing is known about yet. */
export type Fields = Readonly<Record<string, unknown>>

function wrong(key: string, want: string): SeamError {
  return new SeamError('INVALID_INPUT', `The field "${key}" is not ${want}.`)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function fields(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new SeamError('INVALID_INPUT', `The ${what} is not an object.`)
  return value
}

export function text(from: Fields, key: string): string {
  const value = from[key]
  if (typeof value !== 'string') throw wrong(key, 'text')
  return value
}

export function textOrNone(from: Fields, key: string): string | undefined {
  return from[key] === undefined ? undefined : text(from, key)
}

export function number(from: Fields, key: string): number {
  const value = from[key]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, 'a number')
  return value
}

export function numberOrNone(from: Fields, key: string): number | undefined {
  return from[key] === undefined ? undefined : number(from, key)
}

export function textList(from: Fields, key: string): string[] {
  const value = from[key]
  if (!Array.isArray(value)) throw wrong(key, 'a list')
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw wrong(key, 'a list of text')
    return item
  })
}

export function textMap(from: Fields, key: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields(from[key], key)).map(([name, value]) => {
      if (typeof value !== 'string') throw wrong(key, 'a map of text')
      return [name, value]
    }),
  )
}

/** One of a closed list of words. */
export function word<T extends string>(from: Fields, key: string, words: readonly T[]): T {
  const found = words.find((candidate) => candidate === from[key])
  if (found === undefined) throw wrong(key, `one of ${words.join(', ')}`)
  return found
}
