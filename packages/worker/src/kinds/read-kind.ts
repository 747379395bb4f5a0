import type { OutputKind } from '@seamark/core'
import { coverageReader } from './coverage.ts'
import { junitReader } from './junit.ts'
import type { RedactionTable } from '@seamark/kit'
import type { KindReader, NameTeller, ReadOutput } from './reader.ts'
import { KIND_LIMITS, nameTeller, unreadable, Unreadable } from './reader.ts'
import { sarifReader } from './sarif.ts'

/** Takes a document in pieces. What is wrong with it is its end: nothing may be given to it after an answer. */
export interface KindReading {
  readonly write: (piece: Uint8Array) => ReadOutput | undefined
  readonly end: () => ReadOutput
}

const readers: Readonly<Record<OutputKind, (told: NameTeller) => KindReader>> = {
  junit: junitReader,
  sarif: sarifReader,
  coverage: coverageReader,
}

/**
 * Reads an output by its kind, a piece at a time, and tells names without the secrets. It takes the time and memory that the document makes it
 * take.
 */
export function kindReading(kind: OutputKind, secrets: RedactionTable): KindReading {
  const reader = readers[kind](nameTeller(secrets))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0

  function attempt<T>(work: () => T): T | ReadOutput {
    try {
      return work()
    } catch (error) {
      if (error instanceof Unreadable) return unreadable(kind, error)
      // What decoders throw of bytes that are no UTF-8.
      if (error instanceof TypeError && 'code' in error)
        return unreadable(kind, new Unreadable('invalid', 'is not UTF-8'))
      throw error
    }
  }

  return {
    write: (piece) =>
      attempt(() => {
        bytes += piece.byteLength
        if (bytes > KIND_LIMITS.documentBytes)
          throw new Unreadable('limit', `has more than ${KIND_LIMITS.documentBytes} bytes`)
        reader.write(decoder.decode(piece, { stream: true }))
        return undefined
      }),
    end: () =>
      attempt(() => {
        reader.write(decoder.decode())
        return { summary: reader.end() }
      }),
  }
}
