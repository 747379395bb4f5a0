import { SeamError } from '@seamark/kit'
import { fields, type Fields } from './fields.ts'

/** Cuts what arrives into lines and parses each. Errors: `INVALID_INPUT` for a line that is too long or no JSON object. */
export function lineParser(maxBytes: number, take: (line: Fields) => void): (chunk: Buffer) => void {
  let held: Buffer[] = []
  let heldBytes = 0
  return (chunk) => {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = held.length === 0 ? chunk.subarray(start, end) : Buffer.concat([...held, chunk.subarray(start, end)])
      held = []
      heldBytes = 0
      start = end + 1
      take(parse(line.toString('utf8')))
    }
    if (start === chunk.byteLength) return
    held.push(chunk.subarray(start))
    heldBytes += chunk.byteLength - start
    if (heldBytes > maxBytes) throw new SeamError('INVALID_INPUT', `A line is longer than ${maxBytes} bytes.`)
  }
}

function parse(line: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new SeamError('INVALID_INPUT', 'A line is no JSON.', { cause: error })
  }
  return fields(value, 'line')
}
