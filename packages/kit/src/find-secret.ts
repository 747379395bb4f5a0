import { redactorOf } from './redact-stream.ts'
import type { RedactionTable } from './redact-table.ts'

/** Where a secret was found. Nothing of its value. */
export interface FoundSecret {
  readonly name: string
  /** From 1, of the line in which it begins. */
  readonly line: number
}

/** Takes a stream in pieces of any size, and says where the first secret in it is. */
export interface SecretFinder {
  /** The first secret that is known to be there by now. */
  push(piece: Uint8Array): FoundSecret | undefined
  /** The first secret of all of the stream. Nothing may be pushed after it. */
  end(): FoundSecret | undefined
}

const NEWLINE = 0x0a

/**
 * Looks for the secrets of a table, in every encoding that `streamRedactor` replaces. The answer does not depend on how
 * the stream is cut. Holds less than the longest encoding, and where lines begin in that.
 */
export function secretFinder(table: RedactionTable): SecretFinder {
  let first: { readonly name: string; readonly at: number } | undefined
  let found: FoundSecret | undefined
  const search = redactorOf(table, (name, at) => (first ??= { name, at }))
  let size = 0
  /** Lines that ended before `recent`, and the ends of lines that a secret that is not decided yet may come before. */
  let lines = 0
  let recent: number[] = []
  const longest = Math.max(0, ...[...table.needles.values()].flat().map(({ bytes }) => bytes.length))

  function result(): FoundSecret | undefined {
    if (first === undefined || found !== undefined) return found
    const { name, at } = first
    return (found = { name, line: 1 + lines + recent.filter((end) => end < at).length })
  }

  return {
    push(piece) {
      if (found !== undefined) return found
      for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) recent.push(size + at)
      size += piece.length
      search.push(piece)
      if (first !== undefined) return result()
      const kept = recent.findIndex((end) => end >= size - longest)
      lines += kept === -1 ? recent.length : kept
      recent = kept === -1 ? [] : recent.slice(kept)
      return undefined
    },
    end() {
      search.end()
      return result()
    },
  }
}

/** The first secret in these bytes; see `secretFinder`. */
export function findSecret(bytes: Uint8Array, table: RedactionTable): FoundSecret | undefined {
  const finder = secretFinder(table)
  return finder.push(bytes) ?? finder.end()
}
