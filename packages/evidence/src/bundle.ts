import type { BundleManifest } from '@seamark/core'
import { NAME, SeamError } from '@seamark/kit'
import { LIMITS, ORIGIN, parseCanonical } from '@seamark/log'
import { z } from 'zod'

/** One file of a bundle, whether it comes from a folder or a tar. Its body is read once, in order. */
export interface BundleFile {
  /** Relative, `/`-separated. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly body: AsyncIterable<Uint8Array>
}

/** Bounds of a bundle, in bytes. Beyond one it is refused, before memory is spent on it. */
export const BUNDLE_LIMITS: {
  readonly manifestBytes: number
  readonly noteBytes: number
  readonly hintsBytes: number
  readonly proofBytes: number
  readonly payloadLineBytes: number
  readonly receiptBytes: number
  readonly tarFileBytes: number
} = {
  manifestBytes: 64 * 2 ** 20,
  noteBytes: LIMITS.noteBytes,
  hintsBytes: 2 ** 20,
  /** The multi-proof is held in memory while records are read. */
  proofBytes: 256 * 2 ** 20,
  payloadLineBytes: Math.ceil(LIMITS.payloadBytes / 3) * 4 + 200,
  receiptBytes: 2 ** 20,
  /** What eleven octal digits of a ustar header can say. */
  tarFileBytes: 8 ** 11 - 1,
}

/** The order of files in a bundle; within `receipts/` and `artifacts/` ascending by path. */
const order: readonly (string | RegExp)[] = [
  'manifest.json',
  'manifest.sig',
  'checkpoint',
  'trust-hints.json',
  'proof.bin',
  'records.jsonl',
  'payloads.jsonl',
  /^receipts\/[a-z0-9][a-z0-9._-]{0,62}\.json$/,
  /^artifacts\/[0-9a-f]{64}$/,
  'README.md',
]

/** Files without which it is no bundle. */
export const REQUIRED_FILES: readonly string[] = [
  'manifest.json',
  'checkpoint',
  'trust-hints.json',
  'proof.bin',
  'records.jsonl',
  'README.md',
]

/** Place of a path in the order of files, or −1 where a bundle can not hold it. */
export function fileRank(path: string): number {
  return order.findIndex((entry) => (typeof entry === 'string' ? entry === path : entry.test(path)))
}

/** Compares two files by their place in a bundle. Paths are ASCII, so text order is byte order. */
export function compareFiles(a: string, b: string): number {
  return fileRank(a) - fileRank(b) || compareText(a, b)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const headSchema = z.strictObject({
  version: z.literal(1),
  ns: z.string().regex(NAME),
  run: z.string().regex(NAME),
  origin: z.string().regex(ORIGIN),
  size: z.int().min(1),
  files: z.array(z.unknown()),
})

const fileSchema: z.ZodType<BundleManifest['files'][number]> = z.strictObject({
  path: z.string().refine((path) => fileRank(path) > 1, 'no file of a bundle'),
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** A manifest from its canonical bytes. Errors: `INVALID_INPUT`, at the first thing that is wrong: a hostile one could be wrong in millions. */
export function parseManifest(bytes: Uint8Array): BundleManifest {
  requireSparse(bytes)
  const { files: listed, ...head } = checked(headSchema, parseCanonical(bytes))
  const files: BundleManifest['files'][number][] = []
  for (const entry of listed) {
    const file = checked(fileSchema, entry)
    if ((files.at(-1)?.path ?? '') >= file.path) throw invalidManifest('files ascend by path')
    files.push(file)
  }
  return { ...head, files }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalidManifest(result.error.issues[0]?.message ?? '')
}

function invalidManifest(why: string): SeamError {
  return new SeamError('INVALID_INPUT', `The manifest is not valid: ${why}.`)
}

// A listed file takes over 100 bytes and four of these marks. Parsing text with more of them could take
// a hundred times its size in memory.
function requireSparse(bytes: Uint8Array): void {
  let marks = 0
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) marks++
  if (marks > 16 + bytes.length / 20) throw invalidManifest('it holds more values than files have')
}

/** What the key of role `export` signs: `seamark/manifest/v1` ‖ 0x00 ‖ the bytes of `manifest.json`. */
export function manifestMessage(manifest: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('seamark/manifest/v1\0', 'utf8'), manifest])
}
