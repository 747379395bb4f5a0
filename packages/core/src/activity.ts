/**
 * What an agent's program did in one attempt, in sums that stop at 2^53-1. It is the program's word, told by its runtime: what is
 * charged is what was metered.
 */
export interface AgentActivity {
  /** How often it was given words to answer. */
  readonly turns: number
  /** Calls of tools that it made or asked for. */
  readonly calls: number
  /** The same by tool, in the order of their first calls; at most 24 tools. */
  readonly tools: readonly { readonly tool: string; readonly calls: number }[]
  /** Calls that it asked for and was allowed, and was denied. */
  readonly allowed: number
  readonly denied: number
  /** How often it was told that it repeats itself. */
  readonly nudges: number
  /** Tools that it repeated then, each once; at most 5. */
  readonly nudgedFor: readonly string[]
  /** Tokens by model; at most 8 models, those after them together as `other`. Cached input is input. */
  readonly usage: readonly { readonly model: string; readonly inputTokens: number; readonly outputTokens: number }[]
}
