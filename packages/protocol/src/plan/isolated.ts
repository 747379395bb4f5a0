import type { PlanResult } from './parse.ts'
import type { ParseOptions, PlanParserOptions } from './plan-parser.ts'
import { planParser } from './plan-parser.ts'

export interface IsolatedParseOptions extends ParseOptions, Omit<PlanParserOptions, 'idleMs'> {}

/** Parses one plan in a thread of its own; see `planParser`. */
export async function parsePlanIsolated(plan: string | Uint8Array, options: IsolatedParseOptions): Promise<PlanResult> {
  const parser = planParser({ ...options, idleMs: 0 })
  try {
    return await parser.parse(plan, options)
  } finally {
    await parser.close()
  }
}
