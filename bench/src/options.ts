import { parseArgs } from 'node:util'
import { CASES } from './cases.ts'
import type { Scale } from './line.ts'

export interface Options {
  readonly scale: Scale
  /** Whether a bound that was judged and does not hold fails the run. */
  readonly judge: boolean
  readonly json: boolean
  /** Names of the cases to run, in the order of the table. */
  readonly cases: readonly string[]
  /** Whether a build that is older than its sources is made anew first. */
  readonly build: boolean
  /** File to publish the table in. */
  readonly write?: string
  /** The day that is published with it, such as 2026-03-01. */
  readonly date?: string
}

export const USAGE = `Usage: npm run bench -- [--quick] [--judge] [--json] [--only CASE]... [--no-build]
                       [--write docs/benchmarks.md --date YYYY-MM-DD]

  --quick     smaller sizes, less than a minute: only ratios are judged
  --judge     exit with 1 where a bound that can be judged does not hold in three tries
  --json      one JSON document instead of the table
  --only      one case, may be repeated: ${Object.keys(CASES).join(', ')}
  --no-build  measure the service as it is, also where its build is missing or old
  --write     publish the table in a Markdown file, with --date

A CPU profile of each process: NODE_OPTIONS="--cpu-prof --cpu-prof-dir=DIR" npm run bench -- --only CASE
`

/** The arguments, or what is wrong with them. */
export function parseOptions(argv: readonly string[]): Options | string {
  let values
  try {
    ;({ values } = parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
        judge: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        'no-build': { type: 'boolean', default: false },
        write: { type: 'string' },
        date: { type: 'string' },
      },
    }))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { quick, judge, json, only, write, date } = values
  const unknown = only.filter((name) => !Object.hasOwn(CASES, name))
  if (unknown.length > 0) return `No such case: ${unknown.join(', ')}`
  if (write !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(date ?? '')) return '--write needs --date YYYY-MM-DD'
  return {
    scale: quick ? 'quick' : 'full',
    judge,
    json,
    cases: Object.keys(CASES).filter((name) => only.length === 0 || only.includes(name)),
    build: !values['no-build'] && !quick,
    ...(write !== undefined && { write }),
    ...(date !== undefined && { date }),
  }
}
