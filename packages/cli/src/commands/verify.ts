import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AnchorAnswer, TrustFile, VerifyCheck, VerifyReport } from '@seamark/core'
import { CHECKS, examine, parseTrust } from '@seamark/evidence'
import { fromSystemError, SeamError } from '@seamark/kit'
import { answersOf, auditorsAnchors } from '../auditors-anchors.ts'
import { openBundle } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { namedConfig } from '../config-file.ts'
import { command } from '../define.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'
import { counted } from '../words.ts'

export const verify: Command = command({
  name: 'verify',
  args: {
    bundle: { type: 'positional', required: true, description: 'Tar or folder' },
    trust: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Trust file: the keys that you trust, from a way that you trust',
    },
    online: {
      type: 'boolean',
      description: 'Asks the anchors of your --config for the checkpoint too',
    },
  },
  examples: [
    {
      line: 'seamark verify run.tar --trust trust.json',
      says: 'exit code 0 only if every check that is required passed',
    },
    { line: 'seamark verify run.tar --trust trust.json --json', says: 'the whole report' },
    {
      line: 'seamark verify run.tar --trust trust.json --online --config audit.ts',
      says: 'also until when the checkpoint can not be removed',
    },
  ],
  notes: [
    'Exit code: 0 verified, 10 tampered, 12 a required check did not run or there is no trust, 2 no bundle, 4 nothing there.',
    'Whom --online asks, and with what credentials, your configuration says and never the bundle.',
    'What they say is then required.',
  ],
  async run(context, args) {
    const { io, cwd } = context
    const trust = args.trust === undefined ? undefined : await readTrust(resolve(cwd, args.trust))
    const asking =
      args.online === true
        ? { anchors: await auditorsAnchors(cwd, namedConfig(context, args)), trust: online(trust) }
        : undefined
    const files = await openBundle(resolve(cwd, args.bundle))
    const names = asking?.anchors.map(({ name }) => name) ?? []
    const examined = await examine(files, trust, { now: Date.now(), anchors: names })
    const report = examined.report(asking && (await answersOf(asking.anchors, examined.receipts, asking.trust)))
    await io.out(args.json === true ? `${JSON.stringify(report)}\n` : describe(report, io.style))
    return report.exitCode
  },
})

function online(trust: TrustFile | undefined): TrustFile {
  if (trust !== undefined) return trust
  throw new SeamError(
    'INVALID_INPUT',
    '--online needs --trust: what an anchor keeps counts by the key that signed it.',
    {
      remedy: 'Name the trust file.',
    },
  )
}

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
      `  run ${run.run} ${run.status}, ${counted(run.items, 'item')}, ${counted(run.records, 'record')}, log ${run.origin} at size ${run.size}`,
    )
  if (run?.taken !== undefined)
    lines.push(
      `  ${counted(run.taken.items, 'item')} not run: results taken from run ${run.taken.run}, whose own bundle says how they came about`,
    )
  const passed = checks.filter(({ status }) => status === 'pass').length
  const open = checks.filter(({ status }) => status === 'not-checked').length
  lines.push(`  checks: ${passed} passed, ${checks.length - passed - open} failed, ${open} not checked`)
  for (const check of checks) if (check.status === 'fail') lines.push(`  ${style.red('✗')} ${checkLine(check)}`)
  if (verdict === 'unverified')
    for (const check of checks)
      if (check.status === 'not-checked') lines.push(`  ${style.yellow('?')} ${checkLine(check)}`)
  for (const answer of report.anchors ?? []) lines.push(`  ${answerLine(answer, style)}`)
  for (const { name, status, value, forgeableBy } of properties) {
    // What still holds of a bundle that was changed says nothing about the original.
    if (status === 'not-checked' || (status === 'pass' && verdict === 'tampered')) continue
    const sign = status === 'pass' ? style.green('✓') : style.red('✗')
    lines.push(`  ${sign} ${name}${value === undefined ? '' : ` ${value}`}: could be forged by ${forgeableBy}`)
  }
  return `${lines.join('\n')}\n`
}

function answerLine({ name, kind, check }: AnchorAnswer, style: Style): string {
  const status = check?.status ?? 'not-checked'
  const sign = { pass: style.green('✓'), fail: style.red('✗'), 'not-checked': style.yellow('?') }[status]
  const says = check === undefined ? 'no-receipt' : check.reason
  const findings = check?.findings ?? []
  return `${sign} ${harmless(
    `anchor ${name} (${kind}): ${status}${says === undefined ? '' : ` [${says}]`}${findings.length === 0 ? '' : `, seen there: ${findings.join(', ')}`}`,
  )}`
}

function checkLine({ id, status, code, detail }: VerifyCheck): string {
  const says = CHECKS[id]?.says
  const about =
    says === undefined ? '' : ` ${status === 'fail' ? 'It does not hold that:' : 'It was not checked that:'} ${says}`
  return harmless(`${id}${code === undefined ? '' : ` [${code}]`}${about}${detail === undefined ? '' : ` (${detail})`}`)
}
