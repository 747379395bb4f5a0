import type { ReadOptions, StoredRecord } from '@seamark/core'
import { checkRead } from '@seamark/journal'
import { throwIfAborted } from '@seamark/kit'
import type { Store } from './store.ts'

// How often a follower looks by itself: notifications may be lost with their connection, at any time.
const pauseMs = 1_000
// While no notifications can arrive.
const deafPauseMs = 100

/** `Journal.read`: pages of records, each a question of its own, so that any reader is as cheap as its page. */
export function follower(
  at: Store,
  begin: (ns: string, signal: AbortSignal | undefined) => void,
): (ns: string, from: number, request?: ReadOptions) => AsyncIterable<StoredRecord> {
  const { read, wake, bell } = at
  const sizeOf = (ns: string): Promise<number> => at.about(ns, 0, (connection, log) => read.size(connection, log))

  return async function* records(ns, from, request = {}) {
    const { to, run, follow = false, payloads = false, signal } = request
    begin(ns, signal)
    checkRead(from, request)
    if (follow) bell.start()
    let next = from
    // Without `follow`, what is there now is what is read.
    let end = follow ? 0 : Math.min(to ?? Infinity, await sizeOf(ns))
    for (;;) {
      while (next < end) {
        begin(ns, signal)
        const page = await at.about(ns, [], (connection, log) =>
          read.page(connection, log, { from: next, to: end, payloads, ...(run !== undefined && { run }) }),
        )
        for (const record of page) {
          throwIfAborted(signal)
          yield record
          next = record.seq + 1
        }
        // Of a run there may be none left before the end.
        if (page.length === 0) next = end
      }
      if (!follow) return
      begin(ns, signal)
      // Waits from before the question on: what is appended between the two wakes it.
      const news = wake.wait(ns, bell.listening ? pauseMs : deafPauseMs, signal)
      // Where the question fails first, its error is the answer, and nobody hears of this one.
      news.catch(() => undefined)
      end = await sizeOf(ns)
      if (next >= end) await news
    }
  }
}
