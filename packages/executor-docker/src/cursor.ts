import type { ExecutorEvent, LaunchState } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** A launch that is not reaped, with its state. */
export interface Known {
  readonly launchId: string
  readonly state: LaunchState
}

/** What of a launch a reader has been told: that it runs (1), and that it has ended (2, 3 with both). */
type Told = Map<string, number>

// 60 bits of the id: enough to tell apart launches of one executor.
const ID_CHARS = 12
const ENTRY = /^[a-z2-7]{12}[123]$/

const short = (launchId: string) => launchId.slice(2, 2 + ID_CHARS)

/**
 * A cursor is the list of what its reader has been told, of launches that are not reaped: times of the engine would not do,
 * as an end may become known after a later one. Pure.
 */
export function parseCursor(cursor: string | undefined): Told {
  if (cursor === undefined || cursor === '-') return new Map()
  const entries = cursor.split('.')
  if (!entries.every((entry) => ENTRY.test(entry)))
    throw new SeamError('INVALID_INPUT', 'The cursor is not one that this executor gave.')
  return new Map(entries.map((entry) => [entry.slice(0, ID_CHARS), Number(entry[ID_CHARS])]))
}

/** The changes that a reader has not been told, in order. Adds them to `told` and forgets there what was reaped. Pure otherwise. */
export function changesSince(told: Told, known: readonly Known[]): ExecutorEvent[] {
  const live = new Set(known.map(({ launchId }) => short(launchId)))
  for (const id of told.keys()) if (!live.has(id)) told.delete(id)
  const changes = known
    .flatMap(({ launchId, state }) => stepsOf(state).map((step) => ({ launchId, ...step })))
    .filter(({ launchId, bit }) => ((told.get(short(launchId)) ?? 0) & bit) === 0)
    .toSorted((a, b) => a.at - b.at || a.bit - b.bit || (a.launchId < b.launchId ? -1 : 1))
  return changes.map(({ launchId, bit, state }) => {
    told.set(short(launchId), (told.get(short(launchId)) ?? 0) | bit)
    return { cursor: cursorOf(told), launchId, state }
  })
}

function cursorOf(told: Told): string {
  const entries = [...told].map(([id, bits]) => id + String(bits))
  return entries.length === 0 ? '-' : entries.toSorted().join('.')
}

function stepsOf(state: LaunchState): { at: number; bit: number; state: LaunchState }[] {
  if (state.state === 'unknown') return []
  if (state.state === 'running') return [{ at: state.startedAt, bit: 1, state }]
  if (state.state === 'lost') return [{ at: Infinity, bit: 2, state }]
  const { startedAt, endedAt, reason } = state.exit
  const end = { at: endedAt, bit: 2, state }
  if (reason === 'not-started') return [end]
  return [{ at: startedAt, bit: 1, state: { state: 'running', startedAt } }, end]
}
