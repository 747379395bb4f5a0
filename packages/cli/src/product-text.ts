import { hasCode } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import type { Style } from './style.ts'
import { counted } from './words.ts'

const shownBytes = 16 * 1024

/** What the only item of a run wrote to standard output, its beginning where that is long, and what it changed, with the command that applies it. */
export async function describeProduct(client: SeamarkClient, run: string, item: string, style: Style): Promise<string> {
  const { text, whole } = await beginning(client, run, item)
  const { product } = await client.item(run, item)
  const lines = text === '' ? [] : [style.output(text.trimEnd())]
  if (!whole) lines.push(style.dim(`  and more: seamark logs ${run} ${item}`))
  const files = product?.patch?.files
  if (files !== undefined && files > 0)
    lines.push(`${counted(files, 'file')} changed: seamark patch ${run} ${item}, with --apply . to take it over`)
  else if (product !== undefined) lines.push('No file changed.')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

async function beginning(
  client: SeamarkClient,
  run: string,
  item: string,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of client.logs(run, item)) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > shownBytes) break
    }
  } catch (error) {
    // An item that never started has written nothing.
    if (!hasCode(error, 'NOT_FOUND')) throw error
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, shownBytes))
  return { text, whole: size <= shownBytes }
}
