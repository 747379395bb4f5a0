import type { BlobRef, KeptConversation } from '@seamark/core'
import type { LaunchEnd } from './commands.ts'
import type { Item } from './state.ts'

/** What is kept of an attempt for the next. */
export interface Kept {
  readonly snapshot?: BlobRef
  readonly conversation?: KeptConversation
  readonly startsOver?: true
}

/** What the next attempt may go on from. A conversation is of no use without the workspace that it is about. */
export function keptBy(item: Item, end: LaunchEnd): Kept {
  if (end.type !== 'report') return startsOver(item)
  const { product, conversation } = end.report
  const snapshot = product?.snapshot
  if (snapshot === undefined) return startsOver(item)
  if (conversation !== undefined) return { snapshot, conversation }
  return { snapshot, ...((item.conversing || item.continued?.conversation !== undefined) && { startsOver: true }) }
}

/** Where nothing of its conversation is kept, and there is none before it to go back to. */
export function startsOver({ conversing, continued }: Item): Kept {
  return conversing && continued?.conversation === undefined ? { startsOver: true } : {}
}
