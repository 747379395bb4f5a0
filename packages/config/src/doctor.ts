import { orAbort, SeamError, sleep, throwIfAborted, toSeamError } from '@seamark/kit'
import type { DoctorFinding, DoctorReport, FindingStatus, SeamView } from '@seamark/protocol'

/** What a check found. */
export interface CheckResult {
  readonly status: FindingStatus
  /** What was measured, with its unit. */
  readonly measured?: string
  /** What to do, unless `ok`. */
  readonly remedy?: string
}

/** One thing that `doctor` measures. */
export interface DoctorCheck {
  /** Stable id such as `node.version`. */
  readonly id: string
  readonly title: string
  /** What it throws is a finding that failed, never the end of the doctor. */
  run(signal: AbortSignal): Promise<CheckResult>
}

export interface RunDoctorOptions {
  /** Every seam of the deployment, for the table. Asked after the checks: some learn by them what they promise. */
  readonly seams: () => readonly SeamView[]
  /** Epoch milliseconds. */
  readonly now: number
  /** Limit of one check. Default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const order: readonly FindingStatus[] = ['ok', 'warn', 'fail']

async function finding(check: DoctorCheck, timeoutMs: number, signal: AbortSignal | undefined): Promise<DoctorFinding> {
  const stop = new AbortController()
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const late = sleep(timeoutMs, both).then((): CheckResult => {
    throw new SeamError('TIMEOUT', `It took longer than ${timeoutMs} ms.`)
  })
  try {
    const result = await Promise.race([orAbort(check.run(both), signal), late])
    return { id: check.id, title: check.title, ...result }
  } catch (error) {
    throwIfAborted(signal)
    const { code, message, problems } = toSeamError(error)
    const remedy = problems[0]?.remedy ?? 'Look into what it says.'
    return { id: check.id, title: check.title, status: 'fail', measured: `${code}: ${message}`, remedy }
  } finally {
    // It is about to be stopped, and nobody waits for it any more.
    late.catch(() => undefined)
    stop.abort()
  }
}

/** Runs every check, all at once, and reports each. The report's status is the worst of them. Errors: `ABORTED`. */
export async function runDoctor(checks: readonly DoctorCheck[], options: RunDoctorOptions): Promise<DoctorReport> {
  const { seams, now, timeoutMs = 10_000, signal } = options
  throwIfAborted(signal)
  const findings = await Promise.all(checks.map((check) => finding(check, timeoutMs, signal)))
  const worst = findings.reduce((at, { status }) => Math.max(at, order.indexOf(status)), 0)
  return { version: 1, status: order[worst] ?? 'fail', at: now, findings, seams: seams() }
}
