import type { StoredRecord } from '@seamark/core'
import { leafHash } from '@seamark/log'
import { crc32 } from 'node:zlib'
import { damaged } from './damage.ts'

/** A record as a table has it, with its payload where that was asked for and was not purged. */
export interface RecordRow {
  readonly seq: number
  readonly run: string | null
  readonly leaf: Buffer
  readonly header: Buffer
  /** `payloadCrc` of the payload. */
  readonly crc: number | null
  readonly salt: Buffer | null
  readonly bytes: Buffer | null
}

export interface PageRequest {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly run?: string
  readonly payloads: boolean
}

/** Tells accidental damage of a stored payload; the commitment in the record's header is what proves it. */
export function payloadCrc(salt: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, crc32(salt))
}

/**
 * The records of a page that was asked for, checked. Of all runs they follow `from` without a hole, and there is at
 * least one before `to`. Errors: `INTEGRITY`, naming the first record that is damaged or missing.
 */
export function checkPage(
  rows: readonly RecordRow[],
  { from, to, run }: PageRequest,
  where: string,
): readonly StoredRecord[] {
  const whole = run === undefined
  if (whole && rows.length === 0 && from < to) throw damaged(where, from, `record ${from} is missing`)
  const records: StoredRecord[] = []
  for (const row of rows) {
    const expected = whole ? from + records.length : row.seq
    const damage = damageOf(row, expected)
    if (damage !== undefined) {
      // What came before it is whole and is handed out first; the next page then begins with the damage.
      if (records.length > 0) return records
      throw damaged(where, expected, damage)
    }
    const { seq, leaf, header, salt, bytes } = row
    records.push({
      seq,
      header,
      leaf,
      ...(row.run !== null && { run: row.run }),
      ...(salt !== null && bytes !== null && { payload: { salt, bytes } }),
    })
  }
  return records
}

function damageOf({ seq, leaf, header, crc, salt, bytes }: RecordRow, expected: number): string | undefined {
  if (seq !== expected) return `record ${expected} is missing`
  if (!leaf.equals(leafHash(header))) return `the header of record ${seq} has another leaf hash than stored`
  if (salt !== null && bytes !== null && payloadCrc(salt, bytes) !== crc)
    return `the payload of record ${seq} is not what was stored`
  return undefined
}
