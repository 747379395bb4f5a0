import type {
  AnchorAnswer,
  BundleManifest,
  Checkpoint,
  CheckStatus,
  TrustFile,
  VerifyCheck,
  VerifyProperty,
  VerifyReport,
} from '@seamark/core'
import { retainedUntil } from './anchors.ts'
import { CHECKS } from './checks.ts'
import type { RecordsResult } from './verify-records.ts'

/** What the report is made of. */
export interface Subject {
  readonly manifest?: BundleManifest
  readonly checkpoint?: Checkpoint
  readonly records?: RecordsResult
  /** The verifier's clock, epoch milliseconds. */
  readonly now: number
  /** What anchors said where they were asked. */
  readonly answers?: readonly AnchorAnswer[]
}

/** The report on something that is no bundle, or that could not be read. */
export function unreadable(error: unknown): VerifyReport {
  const detail = error instanceof Error ? ` ${error.message}` : ''
  return {
    version: 1,
    verdict: 'unreadable',
    exitCode: 2,
    statement: `This is no evidence bundle that can be read.${detail}`,
    checks: [],
    properties: [],
  }
}

/** The verdict, the properties and the strongest true sentence that follow from the checks. */
export function reportOf(checks: readonly VerifyCheck[], subject: Subject, trust: TrustFile | undefined): VerifyReport {
  const { manifest, checkpoint, records, answers } = subject
  const properties = propertiesOf(checks, subject)
  const failed = checks.filter((check) => check.status === 'fail')
  // Whoever asks anchors wants to hear from them.
  const wanted = ({ id }: VerifyCheck): boolean =>
    CHECKS[id]?.core === true || (id === 'anchors' && answers !== undefined)
  const open = [...checks.filter(wanted), ...requiredOf(checks, properties, trust)]
    .filter((check) => check.status === 'not-checked')
    .map((check) => check.id)
  const verdict = failed.length > 0 ? 'tampered' : open.length > 0 || trust === undefined ? 'unverified' : 'verified'
  return {
    version: 1,
    verdict,
    exitCode: verdict === 'tampered' ? 10 : verdict === 'verified' ? 0 : 12,
    statement: statementOf(failed, [...new Set(open)], trust),
    checks: [...checks, ...requiredOf(checks, properties, trust).filter((check) => check.status === 'not-checked')],
    properties,
    ...(answers && { anchors: answers }),
    ...(manifest &&
      checkpoint &&
      records && {
        run: {
          ns: manifest.ns,
          run: manifest.run,
          status: records.status,
          items: records.items,
          records: records.records,
          ...(records.taken && { taken: records.taken }),
          origin: checkpoint.origin,
          size: checkpoint.size,
          root: checkpoint.root,
        },
      }),
  }
}

function propertiesOf(checks: readonly VerifyCheck[], { answers, now }: Subject): VerifyProperty[] {
  const statusOf = (ids: readonly string[]): CheckStatus => {
    const statuses = ids.map((id) => checks.find((check) => check.id === id)?.status ?? 'not-checked')
    return statuses.includes('fail') ? 'fail' : statuses.includes('not-checked') ? 'not-checked' : 'pass'
  }
  const core = Object.entries(CHECKS).filter(([, { core }]) => core)
  const authentic = statusOf(core.map(([id]) => id))
  const keyHolder = authentic === 'pass' ? 'whoever holds the private key of the log' : 'anyone'
  return [
    { name: 'authentic', status: authentic, forgeableBy: keyHolder },
    {
      name: 'complete-run',
      status: statusOf(['records.form', 'log.inclusion', 'run.chain', 'run.seal', 'run.status']),
      forgeableBy: keyHolder,
    },
    { name: 'existed-by', status: 'not-checked', forgeableBy: 'no time stamp is included: whoever holds the log key' },
    retainedUntil(answers, authentic, now),
    {
      name: 'single-history',
      status: 'not-checked',
      value: '0/0',
      forgeableBy: 'no witness has signed: whoever holds the log key can show others another history',
    },
  ]
}

/** What the trust file requires: names of properties or checks, or `anchors`. */
function requiredOf(
  checks: readonly VerifyCheck[],
  properties: readonly VerifyProperty[],
  trust: TrustFile | undefined,
): VerifyCheck[] {
  return (trust?.required ?? []).map((name) => {
    const found = properties.find((property) => property.name === name) ?? checks.find((check) => check.id === name)
    const id = `required.${name}`
    return found === undefined || found.status === 'not-checked'
      ? { id, status: 'not-checked', code: 'not-run' }
      : { id, status: found.status }
  })
}

function statementOf(failed: readonly VerifyCheck[], open: readonly string[], trust: TrustFile | undefined): string {
  const [first] = failed
  if (first !== undefined) {
    const what = CHECKS[first.id]?.says ?? first.id
    if (first.id === 'anchors')
      return `The bundle is consistent, but an anchor does not bear out its receipt: ${first.detail ?? ''} (anchors: ${first.code ?? 'failed'})`
    return `This bundle is not what was exported. It does not hold that: ${what} (${first.id}: ${first.code ?? 'failed'})`
  }
  const unchecked = open.filter((id) => id !== 'checkpoint.signature')
  if (trust === undefined && unchecked.length === 0)
    return 'Internally consistent. Nothing says who made it: anyone could have. Give a trust file to know more.'
  if (open.length > 0) return `Nothing is wrong with what was checked, but this was not: ${open.join(', ')}.`
  return 'Complete and unchanged since the log’s key signed it. Only the holder of that key could have forged it.'
}
