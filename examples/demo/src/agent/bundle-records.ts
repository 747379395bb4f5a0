import { createReadStream } from 'node:fs'
import type { AnyRecord } from '@seamark/core'
import { readTar } from '@seamark/evidence'
import { parseHeader } from '@seamark/log'

/** The records of a bundle that is a tar, and whether a text is anywhere in it. That they are true is for `seamark verify` to say. */
export async function readBundle(
  tar: string,
  text: string,
): Promise<{ readonly records: readonly AnyRecord[]; readonly holds: boolean }> {
  let records: AnyRecord[] = []
  let holds = false
  for await (const { path, body } of readTar(createReadStream(tar))) {
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    holds ||= bytes.includes(text)
    if (path !== 'records.jsonl') continue
    const lines = bytes.toString('utf8').trimEnd().split('\n')
    records = lines.map((line) => parseHeader(Buffer.from(line)))
  }
  return { records, holds }
}
