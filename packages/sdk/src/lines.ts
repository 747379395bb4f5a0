import { SeamError } from '@seamark/kit'

const maxLineBytes = 4 * 1024 * 1024

/** The documents of newline-delimited JSON. A last line without its end is a cut stream: `UNAVAILABLE`. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    rest = rest.byteLength === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8')
      rest = rest.subarray(end + 1)
      if (line.trim() !== '') yield parse(line)
    }
    if (rest.byteLength > maxLineBytes)
      throw new SeamError('INTERNAL', `The service sent a line of more than ${maxLineBytes} bytes.`)
  }
  if (rest.byteLength > 0) throw new SeamError('UNAVAILABLE', 'The stream ended within a line.')
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new SeamError('INTERNAL', 'The service sent a line that is no JSON.', { cause: error })
  }
}
