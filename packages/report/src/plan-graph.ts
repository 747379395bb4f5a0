import { SeamError } from '@seamark/kit'
import { drawing } from './graph.ts'
import { REPORT_LIMITS } from './limits.ts'
import { counted } from './words.ts'

/** An item of a plan that is to be drawn. */
export interface PlanGraphItem {
  readonly id: string
  /** Indexes. */
  readonly needs: readonly number[]
  /** As people write them. */
  readonly locks: readonly string[]
}

/**
 * The graph of a plan as one SVG file that loads nothing: a column for each of `steps`, which is what could run at once; the locks of an
 * item under its id; the items of `longest` stand out. Errors: `LIMIT_EXCEEDED` for more items than a picture can show.
 */
export function planGraph(
  items: readonly PlanGraphItem[],
  longest: readonly number[],
  steps: readonly (readonly number[])[],
): string {
  if (items.length > REPORT_LIMITS.items)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `The plan has ${items.length} items; a picture shows at most ${REPORT_LIMITS.items}.`,
      { remedy: 'See it as text: seamark plan show.' },
    )
  const stands = new Set(longest)
  const { svg } = drawing(
    items.map(({ id, needs, locks }, index) => ({
      id,
      index,
      needs,
      kind: stands.has(index) ? 'longest' : 'other',
      says: locks.length === 0 ? 'no locks' : `locks ${locks.join(', ')}`,
      ...(locks.length > 0 && { under: `locks ${locks.join(', ')}` }),
    })),
    steps.map((indexes, at) => ({ indexes, head: `step ${at + 1}, ${counted(indexes.length, 'item')}` })),
    false,
  )
  return `${svg.text}\n`
}
