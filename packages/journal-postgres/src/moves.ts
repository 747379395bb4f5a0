import { randomUUID } from 'node:crypto'
import type { MoveMark } from '@seamark/journal'

// In the place of a deployment's name, and no name that a deployment can have: a release that knows of none of them
// refuses them all the same.
const marks = /^\((arriving|moved)(?: ([\w-]+))?\)$/

export const arrivingMark = (): string => `(arriving ${randomUUID()})`
export const movedMark = (move: string): string => (move === '' ? '(moved)' : `(moved ${move})`)

/** What a move has left where the name of a deployment is. */
export function moveMarkOf(deployment: string): MoveMark | undefined {
  const [, state, move = ''] = marks.exec(deployment) ?? []
  return state === 'arriving' || state === 'moved' ? { state, move } : undefined
}
