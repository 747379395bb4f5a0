import type { BlobRef, KeptConversation } from '@seamark/core'
import type { LaunchEnd } from './commands.ts'
import type { Item } from './state.ts'

/** What is kept of an attempt for the next. */
export interface Kept {
  readonly snapshot?: BlobRef
  readonly conversation?: KeptConversation
  readonly startsOver?: true
}

/** What broke an agent off, so that it may go on where it was. What it did wrong is done anew. */
export const BREAKS: ReadonlySet<string> = new Set([
  'exit-code',
  'signal',
  'limit',
  'timeout',
  'interrupted',
  // Words of runtimes: it did as much as one attempt may.
  'max-turns',
  'max-tool-calls',
  'max-requests',
])

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
