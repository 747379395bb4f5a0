import type { Tokens } from './tokens.ts'

/** Why an answer's own words cannot settle it, so that it settles at what was reserved. */
export type Unsettled =
  /** The answer ended before it said its usage, or before it said that this was the last word. */
  | 'cut'
  /** The answer is whole and says no usage. */
  | 'no-usage'
  /** A count that is no count, or parts that are more than their whole. */
  | 'bad-usage'
  /** Not in the form of its API: compressed, a checksum that is wrong, another type of content. */
  | 'unreadable'
  /** It says that it cost more than tokens at the usual price. */
  | 'unpriced'

/** What an answer comes to. `free`: it was refused before anything was generated. */
export type AnswerOutcome =
  | { readonly kind: 'usage'; readonly tokens: Tokens }
  | { readonly kind: 'free' }
  | { readonly kind: 'reserved'; readonly why: Unsettled }

export const reserved = (why: Unsettled): AnswerOutcome => ({ kind: 'reserved', why })
