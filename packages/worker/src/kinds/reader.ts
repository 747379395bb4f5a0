import type { OutputKind, OutputSummary } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactText } from '@seamark/kit'

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

/** What came of reading an output by its kind. */
export interface ReadOutput {
  readonly summary: OutputSummary
  /** Absent where it could be read. */
  readonly because?: Unreadable['because']
}

export function unreadable(kind: OutputKind, { message, because }: Unreadable): ReadOutput {
  return { summary: { kind, unreadable: message }, because }
}

/** Every bound on reading one output with a kind. */
export const KIND_LIMITS: {
  readonly documentBytes: number
  readonly readMs: number
  readonly heapMiB: number
  readonly depth: number
  readonly attributesPerElement: number
  readonly markupCharacters: number
  readonly textCharacters: number
  readonly valuesPerEntry: number
  readonly rules: number
  readonly findingsHeld: number
  readonly lineCharacters: number
  readonly nameCharacters: number
  readonly nameLength: number
} = {
  /** Bytes of the document. */
  documentBytes: 64 * 2 ** 20,
  /** Milliseconds that reading all outputs of one attempt may take. */
  readMs: 30_000,
  /** MiB of memory that reading one of them may take. */
  heapMiB: 512,
  /** Elements, or lists and objects, inside each other. */
  depth: 200,
  /** Attributes of one element. */
  attributesPerElement: 200,
  /** Characters of one tag, reference or processing instruction of XML. */
  markupCharacters: 1_048_576,
  /** Characters of one text of JSON. */
  textCharacters: 4_194_304,
  /** Tokens of JSON in one result, or in what a tool says of itself. */
  valuesPerEntry: 500_000,
  /** Different rules in one run of a SARIF file. */
  rules: 20_000,
  /** Results of one run of which more than their level is held until its rules are known. */
  findingsHeld: 1_000,
  /** Characters of one line of lcov. */
  lineCharacters: 65_536,
  /** Characters of a name that the file gives: of a case that did not pass, of a rule or of a place. */
  nameCharacters: 65_536,
  /** Characters of such a name as it is told. */
  nameLength: 120,
}

/** Gives a name as it may be told. Errors: `Unreadable`. */
export type NameTeller = (name: string) => string

/** One line without secrets, and not too long. What is cut before secrets are taken out keeps the beginning of one. */
export function nameTeller(secrets: RedactionTable): NameTeller {
  const without = (text: string) => redactText(text, secrets)
  return (name) => {
    if (name.length > KIND_LIMITS.nameCharacters)
      throw new Unreadable('limit', `has a name of more than ${KIND_LIMITS.nameCharacters} characters`)
    const line = without(without(name).replaceAll(/\s+/g, ' ').trim())
    return (
      line.length > KIND_LIMITS.nameLength ? `${line.slice(0, KIND_LIMITS.nameLength - 1)}…` : line
    ).toWellFormed()
  }
}
