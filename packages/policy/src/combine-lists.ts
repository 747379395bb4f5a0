import type { LevelPolicy, Policy, PolicyProblem, PolicySource } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Checked } from './checked.ts'
import { POLICY_LIMITS } from './limits.ts'
import { maximal, meetLists, mergeSources } from './meet.ts'
import type { Lattice, Sourced } from './meet.ts'

/** A list of a policy that lower levels narrow. */
export interface ListPart<T> {
  /** Pointer in a policy. */
  readonly at: string
  readonly of: (policy: Policy) => readonly string[] | undefined
  readonly read: (text: string) => Checked<T>
  readonly lattice: Lattice<T>
}

export function sourceOf({ level, pointer = '' }: LevelPolicy, at: string): PolicySource {
  return { level, pointer: pointer + at }
}

export function forbidden({ level, pointer }: PolicySource, message: string, remedy: string): PolicyProblem {
  return { level, code: 'FORBIDDEN', message, remedy, place: { pointer } }
}

/** What the levels together would need more entries for than are kept. */
export function tooManyTogether({ level, pointer }: PolicySource, limit: number, what: string): PolicyProblem {
  return {
    level,
    code: 'LIMIT_EXCEEDED',
    message: `With the levels above, this needs more than ${limit} ${what}, so nothing is allowed.`,
    remedy: 'Write fewer or simpler entries.',
    place: { pointer },
  }
}

/** What every level that has the list allows; `undefined` where none has. */
export function combineList<T>(
  levels: readonly LevelPolicy[],
  { at, of, read, lattice }: ListPart<T>,
  problems: PolicyProblem[],
): readonly Sourced<T>[] | undefined {
  let sofar: readonly Sourced<T>[] | undefined
  for (const level of levels) {
    const list = of(level.policy)?.flatMap((text, index): readonly Sourced<T>[] => {
      const value = read(text)
      return value.ok ? [{ value: value.value, from: [sourceOf(level, `${at}/${index}`)] }] : []
    })
    if (list === undefined) continue
    if (sofar === undefined) {
      sofar = maximal(list, lattice)
      continue
    }
    const upper = sofar
    for (const { value, from } of list)
      if (!upper.some((entry) => lattice.covers(entry.value, value)))
        problems.push(
          ...from.map((source) =>
            forbidden(source, `An upper level does not allow all of this.`, 'Leave it out, or write what is allowed.'),
          ),
        )
    const both = meetLists(upper, list, lattice, POLICY_LIMITS.patterns)
    if (both === undefined) problems.push(tooManyTogether(sourceOf(level, at), POLICY_LIMITS.patterns, 'entries'))
    sofar = both ?? []
  }
  return sofar
}

/** Everything that any level has in the list. */
export function combineUnion<T>(
  levels: readonly LevelPolicy[],
  { at, of }: Pick<ListPart<T>, 'at' | 'of'>,
  read: (text: string) => Checked<T>,
  write: (value: T) => string,
): readonly Sourced<string>[] {
  const all = new Map<string, Sourced<string>>()
  for (const level of levels)
    for (const [index, text] of (of(level.policy) ?? []).entries()) {
      const checked = read(text)
      // Nothing that a level hides or denies is lost: it was checked before.
      const value = checked.ok ? write(checked.value) : text
      all.set(value, { value, from: mergeSources(all.get(value)?.from ?? [], [sourceOf(level, `${at}/${index}`)]) })
    }
  if (all.size > POLICY_LIMITS.added)
    throw new SeamError('LIMIT_EXCEEDED', `The levels together have more than ${POLICY_LIMITS.added} entries.`, {
      place: { pointer: at },
      remedy: 'Write fewer.',
    })
  return [...all.values()].sort((a, b) => (a.value < b.value ? -1 : 1))
}
