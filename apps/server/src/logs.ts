import type { BlobRef, Executor, OutputStream, Step } from '@seamark/core'
import { launchId, SeamError, sleep } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import type { Deployment } from './deployment.ts'
import { nothingGoesOn } from './events.ts'
import { readBlob } from './patch.ts'
import { itemRow, runRow } from './questions.ts'
import { orSilence } from './silence.ts'

export interface LogsRequest {
  readonly stream: OutputStream
  readonly from: number
  readonly follow: boolean
  readonly attempt?: number
  readonly step: Step
  readonly signal: AbortSignal
}

// What a program has written by now comes without a pause.
const quietMs = 100
// Between the record of a launch and its process there is the making of its workspace.
const startPollMs = 100

/**
 * What a step wrote: from the storage once its record names it, before that from the executor.
 * Errors: `NOT_FOUND` for an attempt that is not there, or that has not started and is not followed.
 */
export async function readLogs(
  deployment: Deployment,
  run: string,
  item: string,
  request: LogsRequest,
): Promise<{ readonly attempt: number; readonly body: AsyncIterable<Uint8Array> }> {
  const row = await itemRow(deployment, run, item)
  const attempt = request.attempt ?? Math.max(1, row.attempt)
  if (attempt > Math.max(1, row.attempt))
    throw new SeamError('NOT_FOUND', `Item ${item} has had ${row.attempt} attempts.`, {
      remedy: 'Name an earlier attempt.',
    })
  return { attempt, body: bytesOf(deployment, run, item, { ...request, attempt }) }
}

type LocatedRequest = LogsRequest & { readonly attempt: number }

async function* bytesOf(
  deployment: Deployment,
  run: string,
  item: string,
  request: LocatedRequest,
): AsyncIterable<Uint8Array> {
  const { stream, from, follow, signal } = request
  for (;;) {
    const found = await locate(deployment, run, item, request)
    if (found.blob !== undefined) {
      if (from < found.blob.size) yield* readBlob(deployment, found.blob.sha256, { from, signal })
      return
    }
    const { executor, launch } = found
    const state = executor === undefined ? undefined : await executor.attach(launch, { signal })
    if (executor !== undefined && (state?.state === 'running' || state?.state === 'exited')) {
      const output = executor.output(launch, stream, from, { signal })
      if (follow) yield* output
      else yield* untilQuiet(output)
      return
    }
    if (found.over !== '') throw new SeamError('NOT_FOUND', `Nothing that ${item} wrote was kept: ${found.over}.`)
    if (!follow)
      throw new SeamError('NOT_FOUND', `Item ${item} has not started.`, { remedy: 'Follow it to wait for it.' })
    if (deployment.engine === undefined) throw nothingGoesOn(run)
    await sleep(startPollMs, signal)
  }
}

interface Found {
  readonly blob?: BlobRef
  readonly executor: Executor | undefined
  readonly launch: string
  /** Why nothing more can come; empty while something can. */
  readonly over: string
}

async function locate(deployment: Deployment, run: string, item: string, request: LocatedRequest): Promise<Found> {
  const { stream, step, attempt } = request
  const row = await itemRow(deployment, run, item)
  const settled = row.endedAt !== undefined || row.status === 'skipped' || row.status === 'canceled'
  const newest = attempt >= row.attempt
  if (step === 'main' && newest && settled && row.product !== undefined)
    return { blob: row.product[stream], executor: undefined, launch: '', over: '' }
  const running = newest && !settled && step === 'main'
  const recorded = running ? undefined : await inRecords(deployment, run, item, request)
  const executor = deployment.executors.find(({ name }) => name === (recorded?.executor ?? row.executor))
  const launch = recorded?.launch ?? launchId(deployment.ns, run, item, attempt, step)
  const over = settled || !newest ? (row.reason ?? 'the attempt is over') : ''
  return { ...(recorded?.blob && { blob: recorded.blob }), executor, launch, over }
}

/** Looks a step up in the records of its run: for gates, the setup and earlier attempts. */
async function inRecords(
  deployment: Deployment,
  run: string,
  item: string,
  { stream, step, attempt, signal }: LocatedRequest,
): Promise<{ blob?: BlobRef; launch?: string; executor?: string }> {
  const { seq } = await runRow(deployment, run)
  const found: { blob?: BlobRef; launch?: string; executor?: string } = {}
  const keep = (blob: BlobRef | undefined) => {
    if (blob !== undefined) found.blob = blob
  }
  for await (const { header } of deployment.journal.read(deployment.ns, seq, { run, signal })) {
    const record = parseHeader(header)
    if (step === 'setup') {
      if (record.kind === 'layer.launched')
        Object.assign(found, { launch: record.data.launchId, executor: record.data.executor })
      if (record.kind === 'layer.ended') keep(record.data[stream])
      continue
    }
    if (record.item !== item || record.attempt !== attempt) continue
    if (record.kind === 'item.launched' && record.data.step === step)
      Object.assign(found, { launch: record.data.launchId, executor: record.data.executor })
    if (step === 'main' && (record.kind === 'item.captured' || record.kind === 'attempt.ended'))
      keep(record.data.product?.[stream])
    if (record.kind === 'gate.ended' && step === `gate:${record.data.gate}`) keep(record.data[stream])
  }
  return found
}

async function* untilQuiet(output: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of orSilence(output, quietMs)) {
    if (chunk === undefined) return
    yield chunk
  }
}
