#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { ERRORS, SeamError, toSeamError } from '@seamark/kit'
import { startModelServer } from './start-model-server.ts'

/**
 * `main SCRIPT [--port N] [--any-turns]`: serves a script until it gets SIGTERM or SIGINT. Writes one line of JSON when it listens,
 * `{"url": …}`. Ends with 0, or with the exit code of what was wrong, written to standard error as lines of JSON.
 * With `--any-turns` turns that were not used are no problem.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', default: '0' }, 'any-turns': { type: 'boolean', default: false } },
  })
  const [script, ...more] = positionals
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN
  if (script === undefined || more.length > 0 || !(port <= 65_535))
    throw new SeamError('INVALID_INPUT', 'Use: seamark-model-server SCRIPT [--port N] [--any-turns]')
  const server = await startModelServer({ script, port })
  const stop = (): void => void server.close({ unused: !values['any-turns'] }).catch(fail)
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // Whoever reads this may end it at once.
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`)
}

function fail(error: unknown): void {
  const { code, problems } = toSeamError(error)
  for (const problem of problems) process.stderr.write(`${JSON.stringify(problem)}\n`)
  process.exitCode = ERRORS[code].exit
}

main().catch((error: unknown) => {
  const known = error instanceof TypeError ? new SeamError('INVALID_INPUT', error.message, { cause: error }) : error
  fail(known)
})
