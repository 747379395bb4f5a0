import type { Journal } from '@seamark/core'
import { parseHeader } from '@seamark/log'

// As canonical JSON has it.
const startMark = '"kind":"engine.started"'

/**
 * How the service that leads a namespace names itself: the holder in the newest start in its log, `undefined` where
 * there is none yet. The first look reads back to that start, later ones read what is new.
 */
export function leaderOf(journal: Pick<Journal, 'head' | 'read'>, ns: string): () => Promise<string | undefined> {
  let seen = 0
  let leader: string | undefined
  return async () => {
    const { size } = await journal.head(ns)
    for (let to = size, count = 1_000; to > seen; count *= 4) {
      const from = Math.max(seen, to - count)
      let newest: string | undefined
      for await (const { header } of journal.read(ns, from, { to })) {
        // Most records are something else: they are passed over without being parsed.
        if (!Buffer.from(header.buffer, header.byteOffset, header.byteLength).includes(startMark)) continue
        const record = parseHeader(header)
        if (record.kind === 'engine.started') newest = record.data.holder
      }
      leader = newest ?? leader
      to = newest === undefined ? from : seen
    }
    seen = size
    return leader
  }
}
