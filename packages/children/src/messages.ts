import { SeamError } from '@seamark/kit'
import { CHILDREN_LIMITS } from './limits.ts'

const NEWLINE = 10

/**
 * Lines out of pieces, without their ends. Empty ones are left out. Errors: `LIMIT_EXCEEDED` for a line of more than
 * `messageBytes`, which is not kept.
 */
export function lineSplitter(): (piece: Uint8Array) => readonly string[] {
  let held: Uint8Array[] = []
  let size = 0
  return (piece) => {
    const lines: string[] = []
    let rest = piece
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = Buffer.concat([...held, rest.subarray(0, end)])
      if (line.byteLength > CHILDREN_LIMITS.messageBytes) throw tooLong()
      if (line.byteLength > 0) lines.push(line.toString('utf8'))
      held = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    size += rest.byteLength
    if (size > CHILDREN_LIMITS.messageBytes) throw tooLong()
    if (rest.byteLength > 0) held.push(Uint8Array.from(rest))
    return lines
  }
}

/** JSON of a bounded depth. Errors: `INVALID_INPUT`, `LIMIT_EXCEEDED`. */
export function parseMessage(line: string): unknown {
  if (depthOf(line) > CHILDREN_LIMITS.messageDepth)
    throw new SeamError('LIMIT_EXCEEDED', `A message has more than ${CHILDREN_LIMITS.messageDepth} levels.`)
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new SeamError('INVALID_INPUT', 'A message is no JSON.', { cause: error })
  }
}

function depthOf(line: string): number {
  let depth = 0
  let deepest = 0
  // Of a text nothing counts but its end.
  for (const [part] of line.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (part === '{' || part === '[') deepest = Math.max(deepest, ++depth)
    else if (part === '}' || part === ']') depth--
  }
  return deepest
}

function tooLong(): SeamError {
  return new SeamError('LIMIT_EXCEEDED', `A message has more than ${CHILDREN_LIMITS.messageBytes} bytes.`, {
    remedy: 'Add fewer items at a time, with shorter texts.',
  })
}
