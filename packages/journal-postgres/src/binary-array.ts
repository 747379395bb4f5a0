/** Arrays in the server's binary format: half the bytes of the text format, and nothing to escape. */

const oids = { bytea: 17, int8: 20, text: 25 } as const

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return encode(oids.bytea, values)
}

export function textArray(values: readonly (string | null)[]): Buffer {
  let bytes = 0
  for (const value of values) bytes += 4 + (value === null ? 0 : Buffer.byteLength(value, 'utf8'))
  const out = start(oids.text, values.length, values.includes(null), bytes)
  let at = headerBytes
  for (const value of values) {
    const written = value === null ? -1 : out.write(value, at + 4, 'utf8')
    out.writeInt32BE(written, at)
    at += 4 + Math.max(0, written)
  }
  return out
}

export function int8Array(values: readonly (number | null)[]): Buffer {
  const nulls = values.filter((value) => value === null).length
  const out = start(oids.int8, values.length, nulls > 0, values.length * 12 - nulls * 8)
  let at = headerBytes
  for (const value of values) {
    at = out.writeInt32BE(value === null ? -1 : 8, at)
    if (value === null) continue
    // Two halves are written in a tenth of the time of a BigInt.
    const high = Math.floor(value / 2 ** 32)
    at = out.writeUInt32BE(value - high * 2 ** 32, out.writeInt32BE(high, at))
  }
  return out
}

const headerBytes = 20

function encode(oid: number, values: readonly (Uint8Array | null)[]): Buffer {
  let bytes = 0
  for (const value of values) bytes += 4 + (value?.length ?? 0)
  const out = start(oid, values.length, values.includes(null), bytes)
  let at = headerBytes
  for (const value of values) {
    at = out.writeInt32BE(value === null ? -1 : value.length, at)
    if (value === null) continue
    out.set(value, at)
    at += value.length
  }
  return out
}

function start(oid: number, length: number, nulls: boolean, bytes: number): Buffer {
  const out = Buffer.allocUnsafe(headerBytes + bytes)
  out.writeInt32BE(1, 0)
  out.writeInt32BE(nulls ? 1 : 0, 4)
  out.writeInt32BE(oid, 8)
  out.writeInt32BE(length, 12)
  out.writeInt32BE(1, 16)
  return out
}
