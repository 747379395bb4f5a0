import type { AnyRecord, RecordData, RecordKind } from '@seamark/core'
import { z } from 'zod'
import { dataSchemas } from './record-data.ts'
import { count, digest, instant, itemId, name, payload, positive, word } from './record-fields.ts'

const always = {
  v: z.literal(1),
  ns: name,
  seq: count,
  epoch: count,
  at: instant,
  kindVersion: z.literal(1),
  actor: word,
  onBehalfOf: word.exactOptional(),
  cause: count.exactOptional(),
  payload: payload.exactOptional(),
}
const ofRun = { run: name, runSeq: count, prevInRun: digest.exactOptional() }
const maybeOfRun = { run: name.exactOptional(), runSeq: count.exactOptional(), prevInRun: digest.exactOptional() }
const attempted = { attempt: positive, fence: count }
const maybeAttempted = { attempt: positive.exactOptional(), fence: count.exactOptional() }

/** Which of the fields that place a record in a run a kind has. */
const places = {
  log: {},
  run: ofRun,
  runOrItem: { ...ofRun, item: itemId.exactOptional() },
  item: { ...ofRun, item: itemId, ...maybeAttempted },
  attempt: { ...ofRun, item: itemId, ...attempted },
  /** With all three, or none: the fold of a run says which. */
  runOrAttempt: { ...ofRun, item: itemId.exactOptional(), ...maybeAttempted },
  /** Of an item or of a setup layer. */
  launch: { ...ofRun, item: itemId.exactOptional(), ...attempted },
  layer: { ...maybeOfRun, ...maybeAttempted },
  any: { ...maybeOfRun, item: itemId.exactOptional(), ...maybeAttempted },
}

function header<K extends RecordKind, Place extends z.ZodRawShape>(kind: K, place: Place) {
  const data: z.ZodType<RecordData[K]> = dataSchemas[kind]
  return z.strictObject({ ...always, ...place, kind: z.literal(kind), data })
}

const log = z.discriminatedUnion('kind', [
  header('log.opened', places.log),
  header('engine.started', places.log),
  header('engine.stopped', places.log),
  header('checkpoint.committed', places.log),
  header('checkpoint.anchored', places.log),
  header('checkpoint.unanchored', places.log),
  header('command.denied', places.any),
  header('command.voided', places.any),
  header('run.submitted', places.run),
  header('items.added', places.runOrAttempt),
  header('item.taken', places.item),
  header('item.launched', places.attempt),
  header('egress.decided', places.launch),
  header('tool.denied', places.launch),
  header('tool.allowed', places.launch),
  header('conversation.begun', places.launch),
  header('usage.reserved', places.launch),
  header('usage.settled', places.launch),
  header('usage.refused', places.launch),
  header('budget.set', places.any),
  header('budget.warned', places.any),
  header('item.captured', places.attempt),
  header('gate.ended', places.attempt),
  header('attempt.ended', places.attempt),
  header('item.parked', places.item),
  header('item.resumed', places.item),
  header('locks.released', places.item),
  header('item.settled', places.item),
  header('items.settled', places.run),
  header('cancel.requested', places.runOrItem),
  header('run.paused', places.run),
  header('run.resumed', places.run),
  header('service.paused', places.log),
  header('service.resumed', places.log),
  header('layer.launched', places.layer),
  header('layer.ended', places.layer),
  header('agent.pushed', places.log),
  header('agent.removed', places.log),
  header('hold.placed', places.log),
  header('hold.released', places.log),
  header('collection.begun', places.log),
  header('collection.ended', places.log),
  header('leftover.killed', places.any),
  header('run.sealed', places.run),
])

/**
 * A record's header, version 1. A record of a run has `runSeq`, and `prevInRun` from its second on;
 * `cause` is an earlier `seq`. Unknown fields are refused.
 */
export const recordSchema: z.ZodType<AnyRecord> = log.superRefine((record, context) => {
  const problem = placeProblem(record)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

/** Every kind with the schema of its whole header, in the order of the reference. */
export const headerSchemas: readonly z.ZodType<AnyRecord>[] = log.options

function placeProblem(record: z.infer<typeof log>): string | undefined {
  const run = 'run' in record ? record.run : undefined
  const runSeq = 'runSeq' in record ? record.runSeq : undefined
  const prev = 'prevInRun' in record ? record.prevInRun : undefined
  if ((run === undefined) !== (runSeq === undefined)) return 'run and runSeq come together'
  if ((prev === undefined) !== (runSeq === undefined || runSeq === 0)) return 'prevInRun is there from runSeq 1 on'
  if (record.cause !== undefined && record.cause >= record.seq) return 'cause is an earlier record'
  return undefined
}
