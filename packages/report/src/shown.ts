import type { ItemRow } from '@seamark/core'
import type { ItemFacts, RunFacts } from './facts.ts'
import type { ItemTexts } from './input.ts'

/** All that is shown of an item. */
export interface Shown extends ItemFacts {
  readonly status: ItemRow['status']
  readonly row: ItemRow
  readonly texts: ItemTexts
}

export function shownItems(
  rows: readonly ItemRow[],
  { items }: RunFacts,
  texts: ReadonlyMap<string, ItemTexts>,
): readonly Shown[] {
  return rows.map((row) => {
    const none: ItemFacts = { index: row.index, id: row.item, needs: [], attempts: [], gates: [], spent: NOTHING }
    return { ...(items[row.index] ?? none), status: row.status, row, texts: texts.get(row.item) ?? {} }
  })
}

const NOTHING = { calls: 0, tokens: 0, nanoUsd: 0 }
