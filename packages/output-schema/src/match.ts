import type { JsonObject } from '@seamark/core'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { compile } from './compile.ts'
import { overDocumentLimit } from './document-size.ts'
import type { DocumentLimit } from './document-size.ts'

/** What came of holding a document to a schema. Nothing in it is a value of the document. */
export type Match =
  | { readonly matches: true }
  | {
      readonly matches: false
      /** It is no JSON; or it can not be checked, since it is nested too deeply or a regular expression is too large. */
      readonly why: 'json' | 'unchecked'
    }
  | {
      readonly matches: false
      readonly why: 'schema'
      /** The keyword that does not hold. */
      readonly keyword: string
      /** RFC 6901 pointer to where in the document, with `*` for names that are long or unusual; empty for all of it. */
      readonly place: string
    }

const plain = /^[\p{L}\p{N}_.$@:-]{1,60}$/u
const mostSteps = 20

/** A pointer as it may be told: names in it come from whoever wrote the document. */
function told(pointer: string): string {
  const steps = pointer.split('/').slice(1)
  const shown = steps
    .slice(0, mostSteps)
    .map((step) => `/${plain.test(step) ? step : '*'}`)
    .join('')
  return steps.length > mostSteps ? `${shown}/…` : shown
}

function parsed(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    // A mark of the byte order is none of JSON's spaces.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/** The limit that a document is over. */
export interface Over {
  readonly over: DocumentLimit
}

/**
 * Holds documents to a schema that `schemaCheck` found nothing wrong with, which is compiled once. It takes the time that both
 * make it take.
 */
export function matcher(schema: JsonObject): (document: Uint8Array) => Match | Over {
  let check: ValidateFunction | undefined
  return (document) => hold(() => (check ??= compile(schema)), document)
}

/** As `matcher`, of one document. */
export function match(schema: JsonObject, document: Uint8Array): Match | Over {
  return matcher(schema)(document)
}

function hold(compiled: () => ValidateFunction, document: Uint8Array): Match | Over {
  const over = overDocumentLimit(document)
  if (over !== undefined) return { over }
  const found = parsed(document)
  if (found === undefined) return { matches: false, why: 'json' }
  const check = compiled()
  try {
    if (check(found.value)) return { matches: true }
  } catch (error) {
    // The stack is as deep as the document, and an expression becomes a program when it is first used.
    if (error instanceof RangeError || error instanceof SyntaxError) return { matches: false, why: 'unchecked' }
    throw error
  }
  // Of alternatives the last error is that of the keyword that has them.
  const error = check.errors?.at(-1)
  return { matches: false, why: 'schema', keyword: error?.keyword ?? '', place: told(error?.instancePath ?? '') }
}
