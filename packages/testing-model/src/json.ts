import { MODEL_SERVER_LIMITS } from './limits.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How hard a model is to think, where `said` has a word for it. */
export function effortIn(said: unknown): { readonly effort?: string } {
  const effort = isObject(said) ? said['effort'] : undefined
  return typeof effort === 'string' ? { effort } : {}
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Looks at every text and key of a value without recursion; false as soon as one is not sound or it is nested too deep. */
function every(value: unknown, sound: (text: string) => boolean): boolean {
  let level: unknown[] = [value]
  let values = 0
  for (let depth = 0; level.length > 0; depth += 1) {
    // The aliases of a script can make a value that is without end.
    values += level.length
    if (depth > MODEL_SERVER_LIMITS.depth || values > MODEL_SERVER_LIMITS.values) return false
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one === 'string' && !sound(one)) return false
      if (Array.isArray(one)) for (const inner of one) next.push(inner)
      else if (isObject(one))
        for (const [key, inner] of Object.entries(one)) {
          if (!sound(key)) return false
          next.push(inner)
        }
    }
    level = next
  }
  return true
}

/** Whether a value is nested deeper than can be gone through safely. */
export function isTooDeep(value: unknown): boolean {
  return !every(value, () => true)
}

/** Whether every text of a value is whole characters: half of a surrogate pair has no bytes in UTF-8. */
export function isWellFormed(value: unknown): boolean {
  return every(value, (text) => text.isWellFormed())
}
