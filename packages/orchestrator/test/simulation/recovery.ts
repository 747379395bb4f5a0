import type { Journal } from '@seamark/core'
import { jcsText } from '@seamark/log'
import type { memoryJournal } from '@seamark/testing'
import { recover } from '../../src/recover.ts'
import { saveState } from '../../src/snapshot.ts'
import type { Place, State, Timer } from '../../src/state.ts'
import { applies } from '../../src/timers.ts'

/** Recovery from a snapshot and from the first record give the same state. */
export async function recoveryViolations({ journal }: ReturnType<typeof memoryJournal>): Promise<string[]> {
  const whole = await recover('default', { ...journal, loadState: async () => undefined })
  const short = await recover('default', journal)
  const [one, other] = [whole, short].map(({ state, chains }) => {
    // What was cleaned up is not a record: a snapshot may know more of it.
    state.reapable.clear()
    const saved = jcsText(JSON.parse(Buffer.from(saveState(state, chains).bytes).toString('utf8')))
    return `${saved} ${JSON.stringify(notSaved(state))}`
  })
  const found = one === other ? [] : [`recovery differs from character ${firstDifference(one, other)}`]
  const bare = await recover('default', purged(journal))
  const open = ({ state }: typeof bare) => [...state.runs.values()].map(({ id, settled }) => ({ id, settled }))
  const [kept, left] = [whole, bare].map((recovered) => JSON.stringify([open(recovered), recovered.state.fence]))
  if (kept !== left) found.push(`without the payloads of sealed runs, recovery gives ${left} and not ${kept}`)
  return found
}

/** What a snapshot leaves out, in the order in which it would be acted on. Empties the state. */
function notSaved(state: State): unknown {
  const timers: Timer[] = []
  for (let next = state.timers.pop(); next !== undefined; next = state.timers.pop())
    if (applies(state, next)) timers.push(next)
  const lines = [...state.queues].map(([name, { line, running }]) => {
    const places: Place[] = []
    for (let next = line.pop(); next !== undefined; next = line.pop()) {
      const item = state.runs.get(next[1])?.items[next[2]]
      if (item?.phase === 'queued' && item.rank === next[0]) places.push(next)
    }
    return { name, running, places }
  })
  const layers = [...state.layers.values()].map(({ digest, runs }) => [digest, [...runs].sort()])
  return { timers, lines: lines.filter(({ running, places }) => running + places.length > 0), layers }
}

/** A journal whose sealed runs were purged, read from its first record. */
function purged(journal: Journal): Journal {
  return {
    ...journal,
    loadState: async () => undefined,
    async *read(ns, from, options) {
      const sealed = new Set<string>()
      for await (const { header, run } of journal.read(ns, 0))
        if (Buffer.from(header).includes('"kind":"run.sealed"') && run !== undefined) sealed.add(run)
      for await (const { payload, ...record } of journal.read(ns, from, options))
        yield sealed.has(record.run ?? '') || payload === undefined ? record : { ...record, payload }
    },
  }
}

function firstDifference(one = '', other = ''): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  return `${at}: ${one.slice(at - 80, at + 40)} and ${other.slice(at - 80, at + 40)}`
}
