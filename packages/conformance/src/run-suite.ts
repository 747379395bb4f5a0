import type { Seam } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import { inspect } from 'node:util'
import { within } from './check.ts'
import type { Case, MakeSubject, Suite } from './suite.ts'

export interface CaseResult {
  readonly id: string
  readonly about: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or does not apply; at most 2,000 characters. */
  readonly reason?: string
  readonly durationMs: number
}

export interface RunSuiteOptions {
  /** Of one case with the making of its subject; a case that takes longer failed. Default 120,000. */
  readonly timeoutMs?: number
  /** Told of each result when it is there. */
  readonly onResult?: (result: CaseResult) => void
  /** Stops after the case that runs. */
  readonly signal?: AbortSignal
}

const maxReason = 2_000

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : inspect(error)
  const cause = error instanceof Error && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : ''
  return (text + cause).slice(0, maxReason)
}

/** Runs one case on a subject of its own. What fails while it is made or disposed of fails the case. */
async function runCase<S extends Seam<string>>(testCase: Case<S>, make: MakeSubject<S>): Promise<string | undefined> {
  const subject = await make()
  try {
    const reason = testCase.skip?.(subject.seam, subject)
    if (reason === undefined) await testCase.run(subject)
    return reason
  } finally {
    await subject.dispose()
  }
}

/**
 * Runs every case of a suite, one after another, without a test runner. Gives the results in the order of the suite; a
 * case that hangs failed, and the next one runs beside what is left of it.
 *
 * Errors: `ABORTED`.
 */
export async function runSuite<S extends Seam<string>>(
  suite: Suite<S>,
  make: MakeSubject<S>,
  { timeoutMs = 120_000, onResult, signal }: RunSuiteOptions = {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for (const testCase of suite.cases) {
    throwIfAborted(signal)
    const { id, about } = testCase
    const started = performance.now()
    const outcome = await within(runCase(testCase, make), id, timeoutMs).then(
      (skipped) =>
        skipped === undefined ? { outcome: 'passed' as const } : { outcome: 'skipped' as const, reason: skipped },
      (error: unknown) => ({ outcome: 'failed' as const, reason: reasonOf(error) }),
    )
    const result: CaseResult = { id, about, ...outcome, durationMs: Math.round(performance.now() - started) }
    results.push(result)
    onResult?.(result)
  }
  return results
}
