import type { OutputSchemaLimits } from './limits.ts'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'

/** What a document may be over, but for its bytes. */
export type DocumentLimit = Extract<keyof OutputSchemaLimits, 'documentValues' | 'documentDepth' | 'documentName'>

type DocumentLimits = Pick<OutputSchemaLimits, DocumentLimit>

const quote = 0x22
const backslash = 0x5c

/**
 * The limit that a document is over, if it is over one. It is asked before `JSON.parse`, which stops for no limit of a
 * heap: the process would end. Of what is no JSON it sees at least what the parser sees of it.
 */
export function overDocumentLimit(
  bytes: Uint8Array,
  limits: DocumentLimits = OUTPUT_SCHEMA_LIMITS,
): DocumentLimit | undefined {
  let values = 1
  let depth = 0
  let textBytes = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote: {
        const start = at
        at = endOfText(bytes, start)
        textBytes = at - start - 1
        break
      }
      // {
      case 0x7b:
      // [
      case 0x5b:
        values++
        depth++
        if (depth > limits.documentDepth) return 'documentDepth'
        break
      // }
      case 0x7d:
      // ]
      case 0x5d:
        depth--
        break
      // ,
      case 0x2c:
        values++
        break
      // :
      case 0x3a:
        if (textBytes > limits.documentName) return 'documentName'
        break
      default:
    }
    if (values > limits.documentValues) return 'documentValues'
  }
  return undefined
}

/** Where a text ends that begins at a quote: at the quote that is not escaped, or at the end of all. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}
