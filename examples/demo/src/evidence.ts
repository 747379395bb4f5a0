import { join } from 'node:path'
import type { VerifyReport } from '@seamark/core'
import type { Commands } from './commands.ts'

const trust = (folder: string): string => join(folder, 'trust.json')

/** Writes the evidence of a run to a file and verifies it against a trust file, which is written first. Errors: what a command says. */
export async function exported(seamark: Commands, folder: string, run: string, bundle: string): Promise<VerifyReport> {
  for (const argv of [
    ['keys', 'export', '-o', trust(folder)],
    ['evidence', 'export', run, '-o', bundle],
  ]) {
    const { code, err } = await seamark.ask(...argv)
    if (code !== 0) throw new Error(`seamark ${argv.join(' ')} failed: ${err}`)
  }
  return verified(seamark, bundle, folder)
}

export async function verified(seamark: Commands, bundle: string, folder: string): Promise<VerifyReport> {
  const { out } = await seamark.ask('verify', bundle, '--trust', trust(folder), '--json')
  const report: unknown = JSON.parse(out.toString('utf8'))
  if (!isReport(report)) throw new Error('seamark verify --json did not write a report.')
  return report
}

function isReport(value: unknown): value is VerifyReport {
  return typeof value === 'object' && value !== null && 'verdict' in value && 'checks' in value && 'exitCode' in value
}
