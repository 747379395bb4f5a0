#!/usr/bin/env node
import { ERRORS, SeamError, systemCode, toSeamError } from '@seamark/kit'
import { replaceFile } from '@seamark/kit/files'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { CaseResult } from '../run-suite.ts'
import { traits as allTraits } from '../traits.ts'
import { loadSubject } from './load-subject.ts'
import { readRequest, USAGE } from './request.ts'
import type { Request } from './request.ts'
import { printable, row, summary } from './table.ts'

/** What ends with this failed in a way that was looked for: a case, as a run that ended failed. */
const FAILED = 11

const say = (text: string): void => void process.stdout.write(text)

async function mustTakeReport(file: string): Promise<void> {
  const folder = await stat(dirname(resolve(file))).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (folder?.isDirectory() !== true)
    throw new SeamError('INVALID_INPUT', `${dirname(resolve(file))} is no folder.`, {
      remedy: 'Make it, or give --report another path.',
    })
}

async function run(request: Request): Promise<number> {
  const { suite, module, exported, cases, traits, timeoutMs, report } = request
  if (report !== undefined) await mustTakeReport(report)
  const make = await loadSubject(module, exported)
  const described = await suite.describe(make)
  const { kind, name } = described
  say(`${suite.spec} of ${printable(`${kind} (${name})`)}\n\n`)

  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  const started = Date.now()
  const longest = Math.max(...suite.ids.map((id) => id.length))
  const suffix = traits ? Math.max(...allTraits.map(({ id }) => id.length + 1)) : 0
  const onResult = (result: CaseResult): void => say(`${row(result, longest + suffix)}\n`)
  const results = await suite.run(make, cases, traits, { timeoutMs, onResult, signal: stop.signal })
  say(summary(results))

  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
  if (report !== undefined) {
    const startedAt = new Date(started).toISOString()
    const found = { v: 1, spec: suite.spec, ...described, startedAt, durationMs: Date.now() - started, ...counts }
    await replaceFile(resolve(report), Buffer.from(`${JSON.stringify({ ...found, cases: results }, undefined, 2)}\n`))
  }
  return counts.failed === 0 ? 0 : FAILED
}

async function main(): Promise<number> {
  try {
    const request = readRequest(process.argv.slice(2))
    if (request !== undefined) return await run(request)
    say(USAGE)
    return 0
  } catch (error) {
    const { code, problems } = toSeamError(error)
    for (const { message, remedy } of problems)
      process.stderr.write(`${code}: ${printable(message)}${remedy === undefined ? '' : `\n  ${printable(remedy)}`}\n`)
    return ERRORS[code].exit
  }
}

// A module under test, or a case of it that hangs, may keep the process alive.
const code = await main()
process.stdout.write('', () => process.exit(code))
