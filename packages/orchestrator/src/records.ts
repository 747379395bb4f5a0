import type { AnyRecord, RecordKind } from '@seamark/core'
import { SeamError } from '@seamark/kit'

// Typed so that a kind can neither be forgotten nor invented.
const KINDS: Readonly<Record<RecordKind, true>> = {
  'log.opened': true,
  'engine.started': true,
  'engine.stopped': true,
  'checkpoint.committed': true,
  'checkpoint.anchored': true,
  'checkpoint.unanchored': true,
  'command.denied': true,
  'command.voided': true,
  'run.submitted': true,
  'items.added': true,
  'item.taken': true,
  'item.launched': true,
  'egress.decided': true,
  'tool.denied': true,
  'tool.allowed': true,
  'conversation.begun': true,
  'usage.reserved': true,
  'usage.settled': true,
  'usage.refused': true,
  'budget.set': true,
  'budget.warned': true,
  'item.captured': true,
  'gate.ended': true,
  'attempt.ended': true,
  'item.parked': true,
  'item.resumed': true,
  'locks.released': true,
  'item.settled': true,
  'items.settled': true,
  'cancel.requested': true,
  'run.paused': true,
  'run.resumed': true,
  'service.paused': true,
  'service.resumed': true,
  'layer.launched': true,
  'layer.ended': true,
  'agent.pushed': true,
  'agent.removed': true,
  'hold.placed': true,
  'hold.released': true,
  'collection.begun': true,
  'collection.ended': true,
  'leftover.killed': true,
  'run.sealed': true,
}

/**
 * A header from this engine's own journal, whose leaf hash the journal has checked.
 * Errors: `UNSUPPORTED` when a newer version wrote it: to pass over what it says would make another state.
 */
export function parsePlaced(bytes: Uint8Array): AnyRecord {
  const value = parseJson(bytes)
  if (!isRecord(value))
    throw new SeamError(
      'UNSUPPORTED',
      `The journal holds a record of ${kindOf(value)}, which this version does not know.`,
      {
        remedy: 'Open it with the version that wrote it, or a newer one.',
      },
    )
  return value
}

/** JSON from UTF-8 bytes. */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

function isRecord(value: unknown): value is AnyRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    value.v === 1 &&
    'kindVersion' in value &&
    value.kindVersion === 1 &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    Object.hasOwn(KINDS, value.kind)
  )
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return 'no kind'
  return `kind ${String(value.kind)}, version ${'kindVersion' in value ? String(value.kindVersion) : 'unknown'}`
}
