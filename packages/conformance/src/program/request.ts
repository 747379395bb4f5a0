import { SeamError } from '@seamark/kit'
import type { Problem } from '@seamark/core'
import { parseArgs } from 'node:util'
import { suites } from './suites.ts'
import type { ChosenSuite } from './suites.ts'

export const USAGE: string = `Usage: seamark-conformance MODULE --seam SEAM [options]

Runs the conformance suite of a seam on what a module exports: a function that makes a fresh subject for each
case, { seam, dispose } and what the suite says besides.

  --seam SEAM       ${[...suites.keys()].join(', ')}
  --export NAME     the function's name; default subject
  --case ID         only this case; may be given again
  --traits          also each case under each trait: detached, reopened, aborted-before, at-once
  --timeout SECONDS of each case; default 120
  --report FILE     writes what was found as JSON
  --help

Ends with 0 where every case passed or does not apply, 11 where one failed. Where it could not begin, with the code
of the error: 2 for what it was given, 4 for a module that is not there.
`

export interface Request {
  readonly module: string
  readonly suite: ChosenSuite
  readonly exported: string
  readonly cases: readonly string[]
  readonly traits: boolean
  readonly timeoutMs: number
  readonly report?: string
}

const options = {
  seam: { type: 'string' },
  export: { type: 'string', default: 'subject' },
  case: { type: 'string', multiple: true },
  traits: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '120' },
  report: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** What was asked for; `undefined` is help. Errors: `INVALID_INPUT` with everything that is wrong. */
export function readRequest(args: readonly string[]): Request | undefined {
  const parsed = parse(args)
  const { values, positionals } = parsed
  if (values.help) return undefined
  const problems: Problem[] = []
  const wrong = (message: string, remedy: string): void =>
    void problems.push({ code: 'INVALID_INPUT', message, remedy })
  const [module, ...more] = positionals
  if (module === undefined) wrong('No module is given.', 'Name the file, such as ./my-executor.js.')
  if (more.length > 0) wrong(`${more.join(' ')}: one module at a time.`, 'Run it once for each.')
  const suite = suites.get(values.seam ?? '')
  const known = [...suites.keys()].join(', ')
  if (suite === undefined)
    wrong(
      values.seam === undefined ? 'No seam is given.' : `There is no seam ${values.seam}.`,
      `Use --seam with one of ${known}.`,
    )
  const cases = values.case ?? []
  const missing = suite === undefined ? [] : cases.filter((id) => !suite.ids.includes(id))
  for (const id of missing) wrong(`There is no case ${id}.`, `Use one of ${suite?.ids.join(', ') ?? ''}.`)
  const timeoutMs = Number(values.timeout) * 1000
  if (!/^\d{1,5}(?:\.\d{1,3})?$/.test(values.timeout) || timeoutMs < 1)
    wrong(`--timeout ${values.timeout} is no time.`, 'Give seconds, such as 120.')
  if (problems.length > 0 || module === undefined || suite === undefined)
    throw new SeamError('INVALID_INPUT', 'It could not begin.', { problems })
  const { report } = values
  const { export: exported, traits } = values
  return { module, suite, exported, cases, traits, timeoutMs, ...(report !== undefined && { report }) }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Its other lines are advice on the first.
    throw new SeamError('INVALID_INPUT', error.message.split('\n')[0] ?? '', {
      remedy: 'See seamark-conformance --help.',
      cause: error,
    })
  }
}
