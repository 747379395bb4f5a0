import type { PlanItem } from '@seamark/core'
import { namesVersion } from '../agent/reference.ts'
import type { Faults, Path } from './fault.ts'

function refuse(faults: Faults, path: Path, what: string, remedy: string): void {
  faults.add({
    code: 'UNSUPPORTED',
    message: `${what} can not be enforced by this version.`,
    remedy,
    path,
    part: 'key',
  })
}

/** Fields of an item that are in the schema and that this version can not enforce. `written` is the item with all its mistakes. */
export function unsupportedInItem(
  item: PlanItem,
  written: unknown,
  path: Path,
  faults: Faults,
  /** A version of an agent is given its input. */
  given: boolean,
): void {
  const has = (field: string) => typeof written === 'object' && written !== null && Object.hasOwn(written, field)
  const check = (field: keyof PlanItem, what: string, remedy: string) => {
    if (has(field)) refuse(faults, [...path, field], what, remedy)
  }
  const version = item.agent !== undefined && namesVersion(item.agent)
  if (has('agent') && !version && !has('run') && !has('prompt'))
    refuse(faults, [...path, 'agent'], 'An agent in the place of run', 'Add run or prompt.')
  if (!given) check('input', 'Input without a version of an agent', 'Name one that says what it takes, or use env.')
  if (item.budget?.wallClock !== undefined)
    refuse(faults, [...path, 'budget', 'wallClock'], 'A wall clock of one item', 'Use limits.wallClock, or timeout.')
  if (item.effects !== undefined && item.effects !== 'write-impure')
    refuse(faults, [...path, 'effects'], `effects: ${item.effects}`, 'Use write-impure, or leave it out.')
}
