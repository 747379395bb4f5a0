import { SeamError } from '@seamark/kit'
import { durationMs, MIN_GRACE_MS } from '@seamark/protocol'
import type { BlobTally, CollectAnswer, QuotaTally } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { bytesText, counted } from '../words.ts'

export const gc: Command = command({
  name: 'gc',
  args: {
    'dry-run': { type: 'boolean', description: 'Only says what it would remove' },
    grace: {
      type: 'string',
      valueHint: 'AGE',
      description: 'What was stored since then stays, at least 1h. Default: 1d',
    },
  },
  examples: [
    { line: 'seamark gc --dry-run', says: 'what would go, and how much' },
    { line: 'seamark gc --grace 2h', says: 'also what was stored two hours ago and is named by no record' },
  ],
  notes: [
    'What any record names is kept, but for runs that are older than `retention` in the configuration and not held.',
    'Interrupted, it has removed less; started again, it goes on. One runs at a time.',
    '--json gives what POST /v1/gc answers.',
  ],
  run: (context, args) => {
    const graceMs = args.grace === undefined ? undefined : graceOf(args.grace)
    return withConnection(context, args, 'changes', async ({ client }) => {
      const { io } = context
      const dryRun = args['dry-run'] === true
      const answer = await client.collect({ dryRun, ...(graceMs !== undefined && { graceMs }) })
      await io.out(args.json === true ? `${JSON.stringify(answer)}\n` : described(answer))
      return 0
    })
  },
})

function graceOf(text: string): number {
  const ms = durationMs(text)
  if (ms !== undefined && ms >= MIN_GRACE_MS) return ms
  throw new SeamError('INVALID_INPUT', `--grace ${JSON.stringify(text.slice(0, 40))} is no age from 1h to 365d.`, {
    remedy: 'Write it as 2h or 1d. The record of what was just stored may still be under way.',
  })
}

function described({ dryRun, kept, young, removed, quotas = [], ...answer }: CollectAnswer): string {
  const { runs, snapshots, runsBefore, snapshotsBefore } = answer
  const { orphaned, givenUp } = removed
  const all = { objects: orphaned.objects + givenUp.objects, bytes: orphaned.bytes + givenUp.bytes }
  const given = (what: string, number: number, before: number | undefined) =>
    before === undefined ? [] : [`${what} of ${counted(number, 'run')} sealed before ${new Date(before).toISOString()}`]
  return [
    `${dryRun ? 'Would remove' : 'Removed'} ${tally(all)}.`,
    `  named by no record        ${tally(orphaned)}`,
    `  of runs that are given up ${tally(givenUp)}`,
    ...[...given('all', runs, runsBefore), ...given('snapshots', snapshots, snapshotsBefore)].map(
      (line) => `    ${line}`,
    ),
    `Kept ${tally(kept)}${young.objects === 0 ? '' : `, and ${tally(young)} that nothing names but that are too young`}.`,
    ...quotas.map((quota) => quotaLine(dryRun, quota)),
    '',
  ].join('\n')
}

const things = { kept: 'workspace that was not captured', mirrors: 'mirror of a repository' } as const
const manyThings = { kept: 'workspaces that were not captured', mirrors: 'mirrors of repositories' } as const

function quotaLine(dryRun: boolean, { of, maxBytes, removed, left }: QuotaTally): string {
  const said = ({ objects, bytes }: BlobTally) =>
    `${objects} ${objects === 1 ? things[of] : manyThings[of]} (${bytesText(bytes)})`
  const over = left.bytes > maxBytes ? ' What is left is needed, or too young.' : ''
  return `${dryRun ? 'Would remove' : 'Removed'} ${said(removed)}; ${bytesText(left.bytes)} of ${bytesText(maxBytes)} ${dryRun ? 'would be' : 'are'} taken.${over}`
}

export function tally({ objects, bytes }: BlobTally): string {
  return `${counted(objects, 'blob')} (${bytesText(bytes)})`
}
