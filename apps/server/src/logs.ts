import type { AnyRecord, BlobRef, Executor, ItemRow, OutputStream, RecordData, Step, StoredRecord } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { launchId, redactionTable, redactStream, SeamError, sleep } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import type { Deployment } from './deployment.ts'
import { nothingGoesOn } from './events.ts'
import { readBlob } from './patch.ts'
import { itemRow, runRow } from './questions.ts'
import { orSilence } from './silence.ts'
import { transcript, transcriptBytes } from './transcript.ts'

export interface LogsRequest {
  /** `transcript`: what the program wrote and what it was written, a line of JSON for each line of it. */
  readonly stream: OutputStream | 'transcript'
  readonly from: number
  readonly follow: boolean
  readonly attempt?: number
  readonly step: Step
  /** What this service of the step wrote, in the place of a stream. */
  readonly service?: string
  readonly signal: AbortSignal
}

// What a program has written by now comes without a pause.
const quietMs = 100
// Between the record of a launch and its process there is the making of its workspace.
const startPollMs = 100
// Between the end of a process and the record of what it left there is the capture, which may take long.
const capturePollMs = 500

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
  const { from, follow, signal } = request
  let heard = 0
  let again = false
  for (;;) {
    const found = await locate(deployment, run, item, request)
    if (found.blob !== undefined && isTranscript(request)) {
      const { blob: stdout, stdin } = found
      yield* after(transcriptBytes(transcript(deployment, { stdout, stdin }, { signal, run })), from)
      return
    }
    if (found.blob !== undefined) {
      if (from < found.blob.size) yield* readBlob(deployment, found.blob.sha256, { from, signal, run })
      return
    }
    const { executor, launch } = found
    const state = executor === undefined ? undefined : await executor.attach(launch, { signal })
    if (executor !== undefined && (state?.state === 'running' || state?.state === 'exited')) {
      const table = deployment.worker.secretsOf(launch) ?? (await nothingToHide(deployment, run, item, request))
      if (table !== undefined && isTranscript(request)) {
        if (!follow) throw notWhole(item)
        // The place of what it is told is known once all is captured. Its output is only waited for.
        if (state.state === 'running')
          for await (const piece of executor.output(launch, 'stdout', heard, { signal })) heard += piece.byteLength
        if (deployment.leadership === undefined) throw nothingGoesOn(run)
        await sleep(capturePollMs, signal)
        continue
      }
      if (table !== undefined) {
        // A secret may begin before the place that is asked for.
        const at = table.window === 0 ? from : 0
        const output = redactStream(written(deployment, executor, launch, at, request), table)
        const wanted = after(output, from - at)
        if (follow) yield* wanted
        else yield* untilQuiet(wanted)
        return
      }
      if (deployment.leadership === undefined || !follow) throw notKnown(item)
      await sleep(startPollMs, signal)
      continue
    }
    if (found.over !== '') throw new SeamError('NOT_FOUND', `Nothing that ${item} wrote was kept: ${found.over}.`)
    // It may have been captured, and its launch removed, since it was looked for.
    if (!follow && !again) {
      again = true
      continue
    }
    if (!follow)
      throw new SeamError('NOT_FOUND', `Attempt ${request.attempt} of ${item} has not started.`, {
        remedy: 'Follow it to wait for it.',
      })
    if (deployment.leadership === undefined) throw nothingGoesOn(run)
    await sleep(startPollMs, signal)
  }
}

/** A service has one log, and nothing is written to it. */
function isTranscript({ stream, service }: LocatedRequest): boolean {
  return stream === 'transcript' && service === undefined
}

interface Found extends Stored {
  readonly executor: Executor | undefined
  readonly launch: string
  /** Why nothing more can come; empty while something can. */
  readonly over: string
}

async function locate(deployment: Deployment, run: string, item: string, request: LocatedRequest): Promise<Found> {
  const { step, attempt } = request
  const row = await itemRow(deployment, run, item)
  const settled = row.endedAt !== undefined || row.status === 'skipped' || row.status === 'canceled'
  const newest = attempt >= row.attempt
  if (step === 'main' && newest && row.product !== undefined)
    return { ...blobIn(row.product, request), executor: undefined, launch: '', over: noService(request) }
  const running = newest && !settled && step === 'main'
  const recorded = running ? undefined : await inRecords(deployment, row, request)
  const executor = deployment.executors.find(({ name }) => name === (recorded?.executor ?? row.executor))
  const launch = recorded?.launch ?? launchId(deployment.ns, run, item, attempt, step)
  const blob = { ...(recorded?.blob && { blob: recorded.blob }), ...(recorded?.stdin && { stdin: recorded.stdin }) }
  if (step === 'setup' && recorded?.launch === undefined)
    // What has run had its set-up before; this run did not make it.
    return { ...blob, executor: undefined, launch, over: settled || row.attempt > 0 ? noSetup : '' }
  const never = !running && recorded?.launch === undefined
  return {
    ...blob,
    executor,
    launch,
    over: settled || !newest ? noService(request) || whyNothing(row, never ? step : undefined) : '',
  }
}

/** What a launch that is not captured yet has written from a byte on, until it has ended. */
function written(
  { ns, worker }: Deployment,
  executor: Executor,
  launch: string,
  from: number,
  { stream, service, signal }: LocatedRequest,
): AsyncIterable<Uint8Array> {
  if (service === undefined) return executor.output(launch, outputOf(stream), from, { signal })
  const goesOn = async () => (await executor.attach(launch, { signal })).state === 'running'
  return worker.serviceOutput({ ns, launchId: launch, service, from }, goesOn, { signal })
}

function noService({ service }: LocatedRequest): string {
  return service === undefined ? '' : `it has no service ${service}, or nothing of it was kept`
}

function whyNothing({ reason, status }: ItemRow, neverRan: Step | undefined): string {
  if (reason === 'setup') return 'it never ran, as its set-up failed; the set-up has a log of its own'
  if (reason === 'taken') return 'its result was taken from an earlier run, which has its logs'
  if (status === 'skipped') return `it never ran, as it was skipped (${reason ?? 'no reason'})`
  if (neverRan?.startsWith('gate:') === true) return `the attempt ran no gate ${neverRan.slice('gate:'.length)}`
  return `the attempt is over (${reason ?? status})`
}

const noSetup = 'its run has made no set-up; either there is none, or an earlier run made the same'

interface Stored {
  readonly blob?: BlobRef
  /** Of a transcript: what was written to the program. */
  readonly stdin?: BlobRef
}

/** A step as the records of its run have it. */
interface Recorded extends Stored {
  readonly launch?: string
  readonly executor?: string
  /** Digest of what it was launched under. */
  readonly policy?: string
}

/** Looks a step up in the records of its run: for gates, the setup and earlier attempts. */
async function inRecords(deployment: Deployment, row: ItemRow, request: LocatedRequest): Promise<Recorded> {
  const { stream, step, attempt, signal } = request
  const { seq } = await runRow(deployment, row.run)
  const records = deployment.journal.read(deployment.ns, seq, { run: row.run, signal })
  if (step === 'setup') return setupOf(row, records, outputOf(stream))
  let found: Recorded = {}
  for await (const { header } of records) {
    const record = parseHeader(header)
    if (record.item !== row.item || record.attempt !== attempt) continue
    if (record.kind === 'item.launched' && record.data.step === step) found = { ...found, ...launchedAs(record.data) }
    const wrote = step === 'main' ? productIn(record) : gateIn(record, step)
    if (wrote !== undefined) found = { ...found, ...blobIn(wrote, request) }
  }
  return found
}

function launchedAs({ launchId: launch, executor, policy }: RecordData['item.launched']): Recorded {
  return { launch, executor, ...(policy !== undefined && { policy }) }
}

/** What a step wrote, as a record has it. */
type Wrote = Partial<Record<OutputStream | 'stdin', BlobRef>> & Pick<RecordData['gate.ended'], 'services'>

function productIn(record: AnyRecord): Wrote | undefined {
  return record.kind === 'item.captured' || record.kind === 'attempt.ended' ? record.data.product : undefined
}

function gateIn(record: AnyRecord, step: Step): Wrote | undefined {
  return record.kind === 'gate.ended' && step === `gate:${record.data.gate}` ? record.data : undefined
}

function blobIn(wrote: Wrote, request: LocatedRequest): Stored {
  const { stream, service } = request
  const blob =
    service === undefined ? wrote[outputOf(stream)] : wrote.services?.find(({ name }) => name === service)?.log
  if (blob === undefined) return {}
  return { blob, ...(isTranscript(request) && wrote.stdin && { stdin: wrote.stdin }) }
}

function outputOf(stream: LogsRequest['stream']): OutputStream {
  return stream === 'transcript' ? 'stdout' : stream
}

/**
 * The set-up that an item waited for, as far as its run made it. Each kind of executor has one of its own; which of them
 * an item meant that never ran is seen by that it failed.
 */
async function setupOf(
  { executor, reason }: ItemRow,
  records: AsyncIterable<StoredRecord>,
  stream: OutputStream,
): Promise<Recorded> {
  const layers = new Map<string, Recorded & { readonly failed: boolean }>()
  for await (const { header } of records) {
    const record = parseHeader(header)
    if (record.kind === 'layer.launched') {
      const { layer, launchId: launch, executor: on } = record.data
      layers.set(layer, { launch, executor: on, failed: false })
    }
    if (record.kind !== 'layer.ended') continue
    const { layer, outcome, [stream]: blob } = record.data
    layers.set(layer, { ...layers.get(layer), ...(blob && { blob }), failed: outcome === 'failed' })
  }
  const all = [...layers.values()].filter(({ failed }) => reason !== 'setup' || failed)
  return all.findLast((layer) => layer.executor === executor) ?? all.at(-1) ?? {}
}

/** Where no service runs attempts, nobody has looked secrets up: what was launched without a policy has none. */
async function nothingToHide(
  deployment: Deployment,
  run: string,
  item: string,
  request: LocatedRequest,
): Promise<RedactionTable | undefined> {
  if (deployment.leadership !== undefined) return undefined
  const { policy } = await inRecords(deployment, await itemRow(deployment, run, item), request)
  return policy === undefined ? redactionTable([]) : undefined
}

/** What is shown of a program that runs depends on what its policy names; the service that runs it has looked that up. */
function notKnown(item: string): SeamError {
  return new SeamError('UNAVAILABLE', `What ${item} writes can not be shown yet: it may hold secrets.`, {
    remedy: 'Ask the service that runs it, or wait until it has ended.',
  })
}

function notWhole(item: string): SeamError {
  return new SeamError('NOT_FOUND', `There is no transcript of ${item} yet: it is made when the attempt has ended.`, {
    remedy: 'Follow it to wait for it, or read its output, which is there while it runs.',
  })
}

async function* after(body: AsyncIterable<Uint8Array>, skipped: number): AsyncIterable<Uint8Array> {
  let left = skipped
  for await (const piece of body) {
    if (piece.length > left) yield piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}

async function* untilQuiet(output: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of orSilence(output, quietMs)) {
    if (chunk === undefined) return
    yield chunk
  }
}
