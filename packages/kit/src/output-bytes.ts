import type { OutputKind, OutputSpec } from '@seamark/core'

/** Bytes of canonical JSON that the outputs of one item may take in the record of its end, beside what it says of the program, its services and its agent. */
export const OUTPUT_BYTES = 42_000

/** Bytes of canonical JSON that the summary of an output with a kind takes at most there. */
export const SUMMARY_BYTES: Readonly<Record<OutputKind, number>> = {
  /** Sums, and ten names. */
  junit: 2_000,
  /** Sums, and ten findings with a rule and a place each. */
  sarif: 4_000,
  /** Sums. */
  coverage: 250,
}

const BLOB = { sha256: '0'.repeat(64), size: Number.MAX_SAFE_INTEGER }
const FIELDS = JSON.stringify({ path: '', blob: BLOB }).length + 1
const SUMMARY_FIELDS = JSON.stringify({ path: '', summary: '' }).length + 1

/** Upper bound of what outputs take in the record of the end of their item. */
export function outputBytes(outputs: readonly Pick<OutputSpec, 'path' | 'kind'>[]): number {
  return outputs.reduce((bytes, { path, kind }) => {
    const pathBytes = Buffer.byteLength(JSON.stringify(path))
    return bytes + FIELDS + pathBytes + (kind === undefined ? 0 : SUMMARY_FIELDS + SUMMARY_BYTES[kind] + pathBytes)
  }, 0)
}
