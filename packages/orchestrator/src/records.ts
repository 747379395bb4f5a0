import type { AnyRecord } from '@seamark/core'

/** A header from this engine's own journal, whose leaf hash the journal has checked. */
export function parsePlaced(bytes: Uint8Array): AnyRecord {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as AnyRecord
}
