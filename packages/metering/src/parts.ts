import { isObject, listOf } from './json-body.ts'
import type { JsonObject } from './json-body.ts'

/** What a walk over the content of a request found. */
export interface Content {
  /** Pictures that are in the request. */
  readonly pictures: number
  /** Content that is elsewhere, or whose tokens the size of the request does not bound. */
  readonly elsewhere: boolean
  /** Content of a kind that is not known: it may do anything. */
  readonly unknown: boolean
  readonly cacheWrite: 'none' | '5m' | '1h'
}

export type PartKind = 'inline' | 'picture' | 'elsewhere' | 'unknown'

export interface PartRules {
  /** What one part of the content is. */
  readonly part: (part: JsonObject) => PartKind
  /** Members whose value is data of a program, not content, in a part. */
  readonly opaque: (part: JsonObject, name: string) => boolean
  /** The members that ask for a cache. */
  readonly cache: readonly string[]
}

const LIVES = ['none', '5m', '1h'] as const

export function longerCache(a: Content['cacheWrite'], b: Content['cacheWrite']): Content['cacheWrite'] {
  return LIVES.indexOf(a) > LIVES.indexOf(b) ? a : b
}

/** Walks all of a value, without recursion: it may be nested as deep as the reader of the body allows. */
export function walkContent(roots: readonly unknown[], rules: PartRules): Content {
  let pictures = 0
  let elsewhere = false
  let unknown = false
  let cacheWrite: Content['cacheWrite'] = 'none'
  const open: unknown[] = [...roots]
  while (open.length > 0) {
    const value = open.pop()
    if (Array.isArray(value)) {
      for (const element of value) open.push(element)
      continue
    }
    if (!isObject(value)) continue
    const is = rules.part(value)
    if (is === 'picture') pictures += 1
    if (is === 'elsewhere' || is === 'unknown') elsewhere = true
    if (is === 'unknown') unknown = true
    for (const [name, member] of Object.entries(value)) {
      if (rules.cache.includes(name) && isObject(member)) {
        const asked = member['ttl'] === undefined || member['ttl'] === '5m' ? '5m' : '1h'
        cacheWrite = longerCache(cacheWrite, asked)
      } else if (!rules.opaque(value, name)) open.push(member)
    }
  }
  return { pictures, elsewhere, unknown, cacheWrite }
}

/** Whether a part in the lists at `list` of the messages has a member that is not among the known kinds. */
export function hasOtherParts(messages: unknown, list: string, kinds: ReadonlySet<string>): boolean {
  return listOf(messages).some(
    (message) =>
      isObject(message) &&
      listOf(message[list]).some((part) => isObject(part) && Object.keys(part).some((name) => !kinds.has(name))),
  )
}
