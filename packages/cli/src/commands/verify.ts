import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TrustFile, VerifyCheck, VerifyReport } from '@seamark/core'
import { CHECKS, parseTrust, verify as verifyBundle } from '@seamark/evidence'
import { fromSystemError, SeamError } from '@seamark/kit'
import { openBundle } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'

export const verify: Command = command({
  name: 'verify',
  summary: 'Verifies an evidence bundle, offline, without a service',
  args: {
    bundle: { type: 'positional', required: true, description: 'Tar or folder' },
    trust: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Trust file: the keys that you trust, from a way that you trust',
    },
  },
  examples: [
    {
      line: 'seamark verify run.tar --trust trust.json',
      says: 'exit code 0 only if every check that is required passed',
    },
    { line: 'seamark verify run.tar --trust trust.json --json', says: 'the whole report' },
  ],
  notes: ['Exit code: 0 verified, 10 tampered, 12 a required check did not run or there is no trust, 2 no bundle.'],
  async run({ io, cwd }, args) {
    const trust = args.trust === undefined ? undefined : await readTrust(resolve(cwd, args.trust))
    const files = await openBundle(resolve(cwd, args.bundle))
    const report = await verifyBundle(files, trust, { now: Date.now() })
    await io.out(args.json === true ? `${JSON.stringify(report)}\n` : describe(report, io.style))
    return report.exitCode
  },
})

async function readTrust(path: string): Promise<TrustFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fromSystemError(error, `Reading the trust file ${path}`)
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SeamError(
      'INVALID_INPUT',
      `The trust file ${path} is no JSON: ${error instanceof Error ? error.message : ''}`,
    )
  }
  return parseTrust(value)
}

function describe(report: VerifyReport, style: Style): string {
  const { verdict, statement, checks, properties, run } = report
  const paint = verdict === 'verified' ? style.green : verdict === 'unverified' ? style.yellow : style.red
  const lines = [`${paint(verdict.toUpperCase())}  ${harmless(statement)}`]
  if (run !== undefined)
    lines.push(
      `  run ${run.run} ${run.status}, ${run.items} items, ${run.records} records, log ${run.origin} at size ${run.size}`,
    )
  const passed = checks.filter(({ status }) => status === 'pass').length
  const open = checks.filter(({ status }) => status === 'not-checked').length
  lines.push(`  checks: ${passed} passed, ${checks.length - passed - open} failed, ${open} not checked`)
  for (const check of checks) if (check.status === 'fail') lines.push(`  ${style.red('✗')} ${checkLine(check)}`)
  if (verdict === 'unverified')
    for (const check of checks)
      if (check.status === 'not-checked') lines.push(`  ${style.yellow('?')} ${checkLine(check)}`)
  for (const { name, status, value, forgeableBy } of properties) {
    if (status === 'not-checked') continue
    const sign = status === 'pass' ? style.green('✓') : style.red('✗')
    lines.push(`  ${sign} ${name}${value === undefined ? '' : ` ${value}`}: could be forged by ${forgeableBy}`)
  }
  return `${lines.join('\n')}\n`
}

function checkLine({ id, status, code, detail }: VerifyCheck): string {
  const says = CHECKS[id]?.says
  const about =
    says === undefined ? '' : ` ${status === 'fail' ? 'It does not hold that:' : 'It was not checked that:'} ${says}`
  return harmless(`${id}${code === undefined ? '' : ` [${code}]`}${about}${detail === undefined ? '' : ` (${detail})`}`)
}
