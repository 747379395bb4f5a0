import { hasCode } from '@seamark/kit'
import type { LogsInput, SeamarkClient } from '@seamark/sdk'
import type { Style } from './style.ts'

const tailBytes = 2_000
const tailLines = 8
// Of a step that wrote more, the end is not looked for.
const mostBytes = 8 * 1024 * 1024

/** The last lines that a step wrote to standard error, to be shown below why it failed; none where nothing was kept. */
export async function logTail(
  client: SeamarkClient,
  run: string,
  item: string,
  step: NonNullable<LogsInput['step']>,
  style: Style,
): Promise<string[]> {
  const text = (await lastBytes(client, run, item, step)).trimEnd().split('\n').slice(-tailLines)
  return text.filter((line) => line !== '').map((line) => style.dim(`    ${style.output(line).replaceAll('\r', ' ')}`))
}

async function lastBytes(
  client: SeamarkClient,
  run: string,
  item: string,
  step: NonNullable<LogsInput['step']>,
): Promise<string> {
  let tail: Buffer = Buffer.alloc(0)
  let seen = 0
  try {
    for await (const chunk of client.logs(run, item, { stream: 'stderr', step })) {
      tail = Buffer.concat([tail, chunk]).subarray(-tailBytes)
      seen += chunk.byteLength
      if (seen > mostBytes) return ''
    }
  } catch (error) {
    // A step that never started has written nothing.
    if (!hasCode(error, 'NOT_FOUND')) throw error
  }
  return tail.toString('utf8')
}
