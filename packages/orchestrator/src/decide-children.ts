import type { ChildStatus, ItemSpec, RecordDraft } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import type { Command, Decision, Reply } from './commands.ts'
import { chunkItems } from './commands.ts'
import { canceledIdle } from './decide-end.ts'
import type { Item, Run, State } from './state.ts'
import { itemStatus } from './state.ts'

/** Items that an attempt adds to its run: all of them, or none. */
export function decideAdd(state: State, command: Command & { type: 'add' }): Decision {
  const { launchId, fence, items, salts } = command
  const found = parentOf(state, launchId, fence)
  if (found === undefined) {
    const data = { command: 'items.add', reason: 'old-fence', target: launchId }
    return { drafts: [{ kind: 'command.voided', actor: 'engine', fence, data }], reply: over() }
  }
  const { run, parent } = found
  if (run.canceling !== undefined || parent.canceling !== false) return { drafts: [], reply: over() }
  const taken = items.filter(({ id }) => run.byId.has(id))
  const first = run.byId.get(items[0]?.id ?? '') ?? run.items.length
  const specs = items.map((item) => placed(item, parent, first))
  if (taken.length === items.length && specs.every((spec, at) => jcsText(spec) === known(run, first + at)))
    return { drafts: [], reply: { ok: true, created: false } }
  if (taken.length > 0)
    return refuse(
      'CONFLICT',
      `The run has other items with the ids ${taken
        .map(({ id }) => id)
        .slice(0, 10)
        .join(', ')}.`,
      'Choose other ids. What is sent again must be the same list.',
    )
  const wider = wideningOf(run, parent, items)
  if (wider !== undefined) return wider
  let next = 0
  const chunks = chunkItems(specs, () => salts[next++] ?? new Uint8Array(), run.items.length)
  const [chunk] = chunks
  if (chunk === undefined || chunks.length > 1)
    return refuse('LIMIT_EXCEEDED', 'The items do not fit one record.', 'Add fewer at a time, with shorter texts.')
  return {
    drafts: [
      {
        kind: 'items.added',
        actor: 'engine',
        onBehalfOf: run.submittedBy,
        run: run.id,
        item: parent.id,
        attempt: parent.attempt,
        fence,
        payload: chunk.payload,
        data: { items: chunk.items },
      },
    ],
    reply: { ok: true, created: true },
  }
}

/** How the children of an attempt that goes on stand. */
export function decideChildren(state: State, { launchId, fence }: Command & { type: 'children' }): Decision {
  const found = parentOf(state, launchId, fence)
  if (found === undefined) return { drafts: [], reply: over() }
  const { run, parent } = found
  const children = parent.children.flatMap((index): ChildStatus[] => {
    const item = run.items[index]
    if (item === undefined || item.spec.parent?.attempt !== parent.attempt) return []
    const { id, reason, product, parked } = item
    const why = parked?.reason ?? reason
    return [{ id, status: itemStatus(item), ...(why !== undefined && { reason: why }), ...(product && { product }) }]
  })
  return { drafts: [], reply: { ok: true, children } }
}

/** What is cancelled where an attempt leaves children behind: all below it that are not over. */
export function leftBehind(run: Run, parent: Item): RecordDraft[] {
  return parent.children.flatMap((index) => {
    const child = run.items[index]
    if (child === undefined) return []
    const below = leftBehind(run, child)
    if (child.phase === 'settled') return below
    if (child.phase !== 'running') return [...canceledIdle(run, child, 'parent'), ...below]
    if (child.canceling !== false || run.canceling !== undefined) return below
    const about = { actor: 'engine', run: run.id, item: child.id }
    return [{ kind: 'cancel.requested', ...about, data: { reason: 'parent' } }, ...below]
  })
}

function parentOf(state: State, launchId: string, fence: number): { run: Run; parent: Item } | undefined {
  const launch = state.launches.get(launchId)
  const run = launch && state.runs.get(launch.run)
  const parent = run?.items[launch?.index ?? -1]
  if (launch?.fence !== fence || launch.step !== 'main' || run === undefined || parent === undefined) return undefined
  return { run, parent }
}

/** An item with its place in the run. */
function placed(item: ItemSpec, { index, attempt }: Item, first: number): ItemSpec {
  const needs = item.needs.map((need) => ({ ...need, from: need.from + first }))
  return { ...item, needs, parent: { item: index, attempt } }
}

function known(run: Run, index: number): string | undefined {
  const spec = run.items[index]?.spec
  return spec && jcsText(spec)
}

/** Why items may not be added: they are more, deeper, or other than every parent of theirs may have. */
function wideningOf(run: Run, parent: Item, items: readonly ItemSpec[]): Decision | undefined {
  const { queue, executor, priority, agent, timeoutMs, retries, children: given } = parent.spec
  if (given === undefined)
    return refuse('FORBIDDEN', `Item ${parent.id} adds no items.`, 'Say children of it in the plan.')
  let { attempt } = parent
  let depth = 1
  for (let at: Item | undefined = parent; at !== undefined; at = run.items[at.spec.parent?.item ?? -1]) {
    const { max, depth: most } = at.spec.children ?? { max: 0, depth: 0 }
    // A program that is parked and resumed is another attempt, so a bound of each would be none.
    const all = max * (1 + at.spec.retries.max)
    const more = items.length
    if (below(run, at, attempt) + more > max || below(run, at) + more > all || depth > most)
      return refuse(
        'LIMIT_EXCEEDED',
        `An attempt of ${at.id} may add ${max} items in ${most} generations, all of them together ${all}.`,
        'Do with fewer, or allow more in the plan.',
      )
    attempt = at.spec.parent?.attempt ?? 0
    depth++
  }
  const wider = items.find(
    ({ children, ...item }) =>
      item.queue !== queue ||
      item.executor !== executor ||
      item.priority > priority ||
      item.locks.length > 0 ||
      (item.agent !== undefined && item.agent !== agent) ||
      item.timeoutMs > timeoutMs ||
      item.gates.some((gate) => gate.timeoutMs > timeoutMs) ||
      item.retries.max > retries.max ||
      (item.retries.max > 0 && item.retries.minDelayMs > Math.max(timeoutMs, retries.minDelayMs)) ||
      (children !== undefined && (children.depth >= given.depth || children.max > given.max)),
  )
  if (wider === undefined) return undefined
  return refuse(
    'INVALID_INPUT',
    `Item ${wider.id} is wider than its parent.`,
    'A child has the queue and executor of its parent, no other agent, no higher priority, no longer timeout, no more \
and no later retries, no locks, and fewer generations below it.',
  )
}

/** How many items an attempt, or all of them, and whatever they added have added. */
function below(run: Run, parent: Item, attempt?: number): number {
  let count = 0
  for (const index of parent.children) {
    const child = run.items[index]
    if (child === undefined || (attempt !== undefined && child.spec.parent?.attempt !== attempt)) continue
    count += 1 + below(run, child)
  }
  return count
}

function over(): Reply {
  const remedy = 'Nothing more is done for it.'
  return { ok: false, error: new SeamError('CONFLICT', 'The attempt is over, or is being cancelled.', { remedy }) }
}

function refuse(
  code: 'CONFLICT' | 'FORBIDDEN' | 'INVALID_INPUT' | 'LIMIT_EXCEEDED',
  message: string,
  remedy: string,
): Decision {
  return { drafts: [], reply: { ok: false, error: new SeamError(code, message, { remedy }) } }
}
