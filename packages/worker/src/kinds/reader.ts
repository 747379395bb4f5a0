import type { OutputSummary } from '@seamark/core'

/** Reads one document, piece by piece, and keeps sums only. Errors of both: `Unreadable`. */
export interface KindReader {
  write(text: string): void
  end(): OutputSummary
}

/** Why a document can not be read. The message holds nothing of the document. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  /** `limit`: it holds more than is read. `invalid`: it is not what its kind says. */
  readonly because: 'invalid' | 'limit'
  constructor(because: 'invalid' | 'limit', message: string) {
    super(message)
    this.because = because
  }
}

/** Every bound on reading one output with a kind. */
export const KIND_LIMITS: {
  readonly documentBytes: number
  readonly readMs: number
  readonly depth: number
  readonly attributesPerElement: number
  readonly valuesPerEntry: number
  readonly rules: number
  readonly findingsHeld: number
  readonly nameLength: number
} = {
  documentBytes: 64 * 2 ** 20,
  /** Milliseconds that reading all outputs of one attempt may take. */
  readMs: 30_000,
  /** Elements, or lists and objects, inside each other. */
  depth: 200,
  attributesPerElement: 200,
  /** Tokens of JSON in one result, or in what a tool says of itself. */
  valuesPerEntry: 500_000,
  /** Different rules in one run of a SARIF file. */
  rules: 20_000,
  /** Results of one run of which more than their level is held until its rules are known. */
  findingsHeld: 1_000,
  /** Characters of a name that is told. */
  nameLength: 120,
}

/** A name as it may be told: one line, and not too long. */
export function shortName(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return (line.length > KIND_LIMITS.nameLength ? `${line.slice(0, KIND_LIMITS.nameLength - 1)}…` : line).toWellFormed()
}
