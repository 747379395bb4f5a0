import type { AnyRecord, Journal } from '@seamark/core'
import { orAbort, SeamError } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import type { RunEvent, ServiceEvent } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'
import { isolationOf } from './isolation.ts'
import { questions, runRow } from './questions.ts'
import { orSilence } from './silence.ts'

// Nobody has to wait longer to know that the connection is alive.
const pingMs = 15_000

/** The events of a run as lines of JSON. With `follow` it goes on until the run is sealed under a signed checkpoint. */
export async function* runEvents(
  deployment: Deployment,
  run: string,
  { from, follow, signal }: { readonly from: number; readonly follow: boolean; readonly signal: AbortSignal },
): AsyncIterable<string> {
  const { ns, journal } = deployment
  const row = await runRow(deployment, run)
  const first = Math.max(from, row.seq)
  const sealed = row.sealedAt !== undefined
  if (follow && !sealed && deployment.leadership === undefined) throw nothingGoesOn(run)
  if (!follow || sealed) {
    for await (const record of records(journal, ns, first, { run, signal })) yield recordLine(deployment, record)
  } else {
    for await (const record of orSilence(records(journal, ns, first, { run, follow, signal }), pingMs)) {
      if (record === undefined) yield eventLine({ type: 'ping', at: Date.now() })
      else {
        yield recordLine(deployment, record)
        if (record.kind === 'run.sealed' && (await isLast(deployment, run, record))) break
      }
    }
  }
  if (!follow) return
  // The seal of a run that this engine sealed may still wait for its checkpoint.
  if (deployment.engine !== undefined) await orAbort(deployment.engine.sealed(run), signal)
  yield eventLine({ type: 'end', run: await questions(deployment).run(run) })
}

/** The records of all runs and of the service itself as lines of JSON. With `follow` it goes on until nobody listens. */
export async function* serviceEvents(
  deployment: Deployment,
  { from, follow, signal }: { readonly from: number; readonly follow: boolean; readonly signal: AbortSignal },
): AsyncIterable<string> {
  const { ns, journal } = deployment
  for await (const record of orSilence(records(journal, ns, from, { follow, signal }), pingMs)) {
    if (record === undefined) yield eventLine({ type: 'ping', at: Date.now() })
    else yield recordLine(deployment, record, record.run)
  }
}

function eventLine(event: Exclude<RunEvent | ServiceEvent, { type: 'record' }>): string {
  return `${JSON.stringify(event)}\n`
}

function recordLine(deployment: Deployment, record: AnyRecord, run?: string): string {
  const { seq, at, kind, actor, item, attempt, data } = record
  const launch = record.kind === 'item.launched' || record.kind === 'layer.launched' ? record.data : undefined
  const isolation = isolationOf(deployment, launch?.executor)
  return `${JSON.stringify({ type: 'record', seq, at, kind, actor, run, item, attempt, data, isolation })}\n`
}

/** Records of a run about what came after its seal are sealed again. */
async function isLast(deployment: Deployment, run: string, record: AnyRecord): Promise<boolean> {
  const { tail } = await runRow(deployment, run)
  return tail === undefined || tail.runSeq <= (record.runSeq ?? 0)
}

async function* records(
  journal: Journal,
  ns: string,
  from: number,
  options: { readonly run?: string; readonly follow?: boolean; readonly signal: AbortSignal },
): AsyncIterable<AnyRecord> {
  for await (const { header } of journal.read(ns, from, options)) yield parseHeader(header)
}

/** What is said to a follower where nothing can come. */
export function nothingGoesOn(run: string): SeamError {
  return new SeamError('UNAVAILABLE', `Run ${run} is not over, and no service is running that goes on with it.`, {
    remedy: 'Start seamark serve; it takes the run up where it was.',
  })
}
