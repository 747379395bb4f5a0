import type { ServiceEvent } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import { onInterrupt } from './interrupt.ts'
import { serviceFrame } from './service-watch/frame.ts'
import type { Watched } from './service-watch/model.ts'
import { firstLook, lookAgain, runOf } from './service-watch/model.ts'
import { screen } from './service-watch/screen.ts'

const lookEveryMs = 500
// What one run does may let an item of another go on, without a record of that one.
const lookAtAllEveryMs = 5_000
const drawEveryMs = 1_000

/** Follows all that a service does until it is left with Ctrl-C: on a terminal as a picture, otherwise as lines of JSON. */
export async function watchService(context: CliContext, client: SeamarkClient, json: boolean): Promise<void> {
  const stop = new AbortController()
  const leave = () => stop.abort()
  const offInterrupt = onInterrupt(leave)
  const { io } = context
  io.lost.addEventListener('abort', leave, { once: true })
  try {
    // The place is noted before it is looked: what happens meanwhile is looked at again.
    const { stats } = await client.service({ signal: stop.signal })
    const events = client.serviceEvents({ from: stats.size, follow: true }, { signal: stop.signal })
    const watched = await firstLook(client, stop.signal)
    if (json || !io.interactive) await tell(context, watched, events)
    else await show(context, client, watched, events, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    offInterrupt()
    io.lost.removeEventListener('abort', leave)
  }
}

/** What there is, then each record. */
async function tell(
  { io }: CliContext,
  { service, runs }: Watched,
  events: AsyncIterable<ServiceEvent>,
): Promise<void> {
  const line = (document: unknown) => io.out(`${JSON.stringify(document)}\n`)
  await line({ type: 'service', service })
  for (const { view, items } of runs.values()) {
    await line({ type: 'run', run: view })
    for (const item of items) await line({ type: 'item', item })
  }
  for await (const event of events) await line(event)
}

async function show(
  { io }: CliContext,
  client: SeamarkClient,
  watched: Watched,
  events: AsyncIterable<ServiceEvent>,
  signal: AbortSignal,
): Promise<void> {
  const page = screen(io)
  const draw = () => page.draw(serviceFrame(watched, io.size(), io.style, Date.now()))
  const changed = new Set<string>()
  let allAt = 0
  let dirty = false
  let others = false
  let looking: Promise<void> | undefined
  let failed: (error: unknown) => void = () => undefined
  const failure = new Promise<never>((_, reject) => {
    failed = reject
  })
  const mayLookAtAll = () => others && Date.now() - allAt >= lookAtAllEveryMs
  async function look(): Promise<void> {
    dirty = false
    const all = mayLookAtAll()
    if (all) {
      others = false
      allAt = Date.now()
    }
    const runs = new Set([...changed, ...(all ? watched.runs.keys() : [])])
    changed.clear()
    await lookAgain(client, watched, runs, signal)
    draw()
  }
  const looks = setInterval(() => {
    if (looking !== undefined || !(dirty || mayLookAtAll())) return
    looking = look()
      .catch(failed)
      .finally(() => {
        looking = undefined
      })
  }, lookEveryMs)
  // Times of what runs go on while nothing happens, and the terminal may have another size.
  const ticks = setInterval(draw, drawEveryMs)
  async function follow(): Promise<void> {
    for await (const event of events) {
      dirty = others = true
      const run = runOf(event)
      if (run !== undefined) changed.add(run)
    }
  }
  try {
    draw()
    await Promise.race([follow(), failure])
  } finally {
    clearInterval(looks)
    clearInterval(ticks)
    await page.close()
  }
}
