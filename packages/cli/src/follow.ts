import { spentBudget } from '@seamark/protocol/wire'
import type { RunEvent, RunView } from '@seamark/protocol/wire'
import { SeamError } from '@seamark/kit'
import { spentText, warningText } from './budget-text.ts'
import type { CliContext } from './command.ts'
import type { Connection } from './connect.ts'
import { onInterrupt } from './interrupt.ts'
import { fact } from './progress/facts.ts'
import { liveView } from './progress/live.ts'
import type { ItemProgress, RunProgress } from './progress/model.ts'
import { advance, emptyProgress } from './progress/model.ts'
import { plainView } from './progress/plain.ts'
import { pausedText } from './pause-text.ts'
import { waitingText } from './progress/say.ts'
import type { ProgressView } from './progress/view.ts'
import { askedText } from './question-text.ts'
import { harmless } from './style.ts'
import { tryOut } from './terminal.ts'

// Above it asking why each item waits costs more than it tells.
const askable = 300
const askEveryMs = 250

export interface Followed {
  readonly end: RunView
  readonly items: readonly ItemProgress[]
  /** Whether Ctrl-C was pressed. */
  readonly interrupted: boolean
}

/**
 * Follows a run to its seal, on the terminal or as NDJSON. The first Ctrl-C asks the run to cancel and
 * goes on following; the second ends this process at once. Who only watches leaves with the first: `ABORTED`, and the run goes on.
 */
export async function followRun(
  context: CliContext,
  connection: Connection,
  run: string,
  json: boolean,
  { watches = false }: { readonly watches?: boolean } = {},
): Promise<Followed> {
  const { io } = context
  const now = () => Date.now()
  const view = json ? undefined : io.interactive ? liveView(io, now) : plainView(io, now)
  const say = (text: string) => (view === undefined ? io.err(`${text}\n`) : view.say(text))
  const progress = emptyProgress()
  const items = new Map<string, ItemProgress>()
  const asking = view === undefined ? undefined : askWaiting(connection, run, progress, items, view)
  const broken = new AbortController()
  const left = () => broken.abort(new SeamError('ABORTED', `Run ${run} goes on.`))
  let interrupted = false
  const offInterrupt = onInterrupt((times) => {
    interrupted = true
    if (watches) return left()
    if (times > 1) return void leave(connection, say)
    say('Cancelling; press Ctrl-C again to leave at once.')
    void cancel(connection, run, say)
  })
  // Nobody learns how it goes on: as if the terminal had been closed.
  const onLost = () => {
    interrupted = true
    if (watches) return left()
    void cancel(connection, run, (text) => io.err(`${text}\n`))
  }
  if (io.lost.aborted) onLost()
  else io.lost.addEventListener('abort', onLost, { once: true })
  const { inProcess } = connection
  void inProcess?.ended.then((reason) => broken.abort(reason))
  try {
    for await (const event of connection.client.events(run, { follow: true }, { signal: broken.signal })) {
      if (json) await tryOut(io, `${JSON.stringify(event)}\n`)
      const changed = advance(progress, items, event)
      const news = view === undefined ? undefined : (budgetNews(event, run) ?? pauseNews(event, run))
      view?.update(progress, changed)
      if (news !== undefined) say(io.style.yellow(news))
      if (view !== undefined) void tellQuestion(connection, event, run, (text) => say(io.style.yellow(text)))
      asking?.()
    }
  } catch (error) {
    if (broken.signal.aborted && broken.signal.reason instanceof Error) throw broken.signal.reason
    throw error
  } finally {
    offInterrupt()
    io.lost.removeEventListener('abort', onLost)
    view?.finish(progress)
  }
  if (progress.end === undefined)
    throw new SeamError('UNAVAILABLE', `The service stopped before run ${run} was over.`, {
      remedy: `The run is not lost: seamark serve goes on with it.`,
    })
  return { end: progress.end, items: progress.items, interrupted }
}

/** What a record says of a budget that somebody should know of. */
function budgetNews(event: RunEvent, run: string): string | undefined {
  if (event.type !== 'record') return undefined
  const { kind, data, item = '' } = event
  if (kind === 'budget.warned') {
    const { limit } = data
    const [account, of] = [fact(data, 'account'), fact(data, 'of')]
    if (account === undefined || of === undefined || typeof limit !== 'number') return undefined
    return warningText({ account, of, limit })
  }
  const budget = spentBudget.safeParse(kind === 'item.parked' ? data['budget'] : undefined)
  if (!budget.success) return undefined
  const { resumeAt } = data
  const wait = { token: fact(data, 'token'), resumeAt: typeof resumeAt === 'number' ? resumeAt : undefined }
  return spentText(budget.data, run, item, wait)
}

function pauseNews(event: RunEvent, run: string): string | undefined {
  if (event.type !== 'record') return undefined
  if (event.kind === 'run.resumed') return `Resumed by ${harmless(event.actor)}.`
  return event.kind === 'run.paused' ? pausedText({ by: event.actor, at: event.at }, run) : undefined
}

/** What an agent asks is not in its record's header. What is told is a courtesy: `seamark status` has it too. */
async function tellQuestion(
  { client }: Connection,
  event: RunEvent,
  run: string,
  say: (text: string) => void,
): Promise<void> {
  if (event.type !== 'record' || event.kind !== 'item.parked' || fact(event.data, 'reason') !== 'input') return
  const { item = '' } = event
  const { waiting } = await client.item(run, item).catch(() => ({ waiting: undefined }))
  if (waiting?.for === 'parked' && waiting.question !== undefined)
    say(askedText(waiting.question, run, item, waiting.token))
}

async function cancel({ client }: Connection, run: string, say: (text: string) => void): Promise<void> {
  try {
    await client.cancel(run)
  } catch (error) {
    say(`The run could not be cancelled: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function leave({ inProcess }: Connection, say: (text: string) => void): Promise<never> {
  say(
    inProcess === undefined
      ? 'Leaving. The service goes on cancelling the run.'
      : 'Leaving. All attempts are killed; the record ends here, and the next service on this folder settles it.',
  )
  await inProcess?.kill()
  process.stdout.write(process.stdout.isTTY ? '\u001B[?25h' : '')
  process.exit(8)
}

/** Asks the service why items wait, at most a few times a second and only after something happened. */
function askWaiting(
  { client }: Connection,
  run: string,
  progress: RunProgress,
  items: ReadonlyMap<string, ItemProgress>,
  view: ProgressView,
): () => void {
  let state: 'idle' | 'asking' | 'again' = 'idle'
  async function ask(): Promise<void> {
    const changed: ItemProgress[] = []
    for await (const { item: id, waiting } of client.items(run, { status: 'waiting' })) {
      const item = items.get(id)
      if (item === undefined || waiting === undefined || item.phase !== 'waiting') continue
      const text = waitingText(waiting, run)
      if (item.waits !== text) changed.push(item)
      item.waits = text
    }
    view.update(progress, changed)
  }
  function soon(): void {
    if (progress.items.length > askable || progress.end !== undefined) return
    if (state !== 'idle') {
      state = 'again'
      return
    }
    state = 'asking'
    ask()
      // What is shown beside an item is a courtesy; the stream of events tells of a service that is gone.
      .catch(() => undefined)
      .finally(() => {
        const repeat = state === 'again'
        setTimeout(() => {
          state = 'idle'
          if (repeat) soon()
        }, askEveryMs).unref()
      })
  }
  return soon
}
