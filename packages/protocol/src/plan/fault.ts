import type { ErrorCode } from '@seamark/core'
import { PLAN_LIMITS } from './limits.ts'

/** Keys and indexes from the root of the document. */
export type Path = readonly (string | number)[]

/** A problem before its line and column are known. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy?: string
  readonly path: Path
  /** `key`: the place is the field's name, not its value. */
  readonly part?: 'key' | 'value'
  /** Offset in the text, where the reader knows it. */
  readonly offset?: number
}

/** Collects faults up to the limit, and counts the rest. */
export interface Faults {
  readonly list: readonly Fault[]
  add(fault: Fault): void
  /** How many were not kept. */
  dropped(): number
}

export function faultList(): Faults {
  const list: Fault[] = []
  let dropped = 0
  return {
    list,
    add(fault) {
      if (list.length < PLAN_LIMITS.problems) list.push(fault)
      else dropped++
    },
    dropped: () => dropped,
  }
}

/**
 * Adds faults where they were written. What several parts have from one place is told once, in the words of the first of them;
 * what is wrong with that one is all told.
 */
export function faultsAt(faults: Faults, written: (path: Path) => Path): Faults {
  const first = new Map<string, string>()
  const told = new Set<string>()
  return {
    get list() {
      return faults.list
    },
    dropped: () => faults.dropped(),
    add(fault) {
      const path = written(fault.path)
      if (path !== fault.path) {
        const part = JSON.stringify(fault.path)
        const place = JSON.stringify([fault.code, path])
        const key = JSON.stringify([fault.code, fault.message, path])
        if ((first.get(place) ?? part) !== part || told.has(key)) return
        if (told.size < PLAN_LIMITS.problems) {
          first.set(place, part)
          told.add(key)
        }
      }
      faults.add({ ...fault, path })
    },
  }
}
