import type { InputRef, ItemSpec, RecordData, RecordDraft, Step } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { launchId, sha256Hex } from '@seamark/kit'
import type { Item, Layer, Run, State } from './state.ts'
import { refusedGate } from './state.ts'

/** How many items of a queue may run at once. A queue that is not named here runs nothing. */
export type Queues = Readonly<Record<string, { readonly concurrency: number }>>

/** The blob without bytes: the patch of an item that changed nothing. */
export const EMPTY_BLOB: { readonly sha256: string; readonly size: number } = { sha256: sha256Hex(''), size: 0 }

/**
 * The next launches there is room for: setup layers first, then from each queue the item that is
 * first in line. Called until it gives nothing; what it gave is folded in between. With `finishing` only what belongs to attempts
 * that have begun: gates, and the items that they wait for, one at a time.
 */
export function schedule(state: State, queues: Queues, now: number, finishing: boolean): RecordDraft[] {
  const begins = state.paused === undefined && !finishing
  for (const digest of begins ? state.unbuilt : []) {
    const layer = state.layers.get(digest)
    if (layer?.retryAt !== undefined && layer.retryAt > now) continue
    const run = layer && firstWaiting(state, layer)
    if (layer === undefined || run === undefined) {
      // Nobody waits any more, or only who is paused; whoever does next adds it again.
      state.unbuilt.delete(digest)
      continue
    }
    const attempt = run.layerAttempts + 1
    return [
      {
        kind: 'layer.launched',
        actor: 'engine',
        run: run.id,
        attempt,
        fence: state.fence + 1,
        data: {
          layer: layer.digest,
          launchId: launchId(state.ns, run.id, layer.digest, attempt, 'setup'),
          executor: layer.executor,
          ...(run.spec.setup?.policy && { policy: run.spec.setup.policy.digest }),
        },
      },
    ]
  }
  // In the order of the configuration: that of the state depends on how it was recovered.
  for (const [name, { concurrency }] of Object.entries(queues)) {
    const queue = state.queues.get(name)
    if (queue === undefined || queue.running >= concurrency) continue
    for (let head = queue.line.peek(); head !== undefined; head = queue.line.peek()) {
      const [rank, runId, index] = head
      const run = state.runs.get(runId)
      const item = run?.items[index]
      // Its entry stays in the heap when an item leaves the line another way.
      if (run !== undefined && item?.phase === 'queued' && item.rank === rank) {
        // What has begun goes to its end, and is before all that has not.
        if (!begins && refusedGate(item) === undefined) break
        return [next(state, run, item)]
      }
      queue.line.pop()
    }
  }
  return state.paused === undefined ? lent(state) : []
}

/**
 * A running item may wait for its children in the slot that they wait for: where its queue has no other, one of them at a time
 * runs beside it.
 */
function lent(state: State): RecordDraft[] {
  for (const lender of [...state.lenders].toSorted()) {
    state.lenders.delete(lender)
    const at = lender.indexOf('@')
    const run = state.runs.get(lender.slice(at + 1))
    const parent = run?.items[Number(lender.slice(0, at))]
    if (run === undefined || parent?.phase !== 'running') continue
    const children = parent.children.flatMap((index) => run.items[index] ?? [])
    if (children.some(({ phase }) => phase === 'running')) continue
    const [first] = children.filter(({ phase }) => phase === 'queued').toSorted((a, b) => a.rank - b.rank)
    if (first !== undefined) return [next(state, run, first)]
  }
  return []
}

/** The run of the first item that still waits for a layer: the one that builds it. */
function firstWaiting(state: State, layer: Layer): Run | undefined {
  const first = layer.waiting.find(([id, index]) => {
    const run = state.runs.get(id)
    return run?.paused === undefined && run?.items[index]?.phase === 'setup'
  })
  return first && state.runs.get(first[0])
}

function next(state: State, run: Run, item: Item): RecordDraft {
  const gate = refusedGate(item)
  if (gate !== undefined) return launchDraft(state, run, item, gate.step)
  const inputs = inputsOf(run, item)
  if (typeof inputs !== 'string') return launchDraft(state, run, item, 'main', inputs)
  return {
    kind: 'item.settled',
    actor: 'engine',
    run: run.id,
    item: item.id,
    data: { outcome: 'failed', reason: 'input-missing' satisfies OutcomeReason },
  }
}

/** The record of a launch that is about to happen. A gate belongs to the attempt that it judges. */
export function launchDraft(
  state: State,
  run: Run,
  item: Item,
  step: Step,
  inputs: readonly InputRef[] = [],
): RecordDraft {
  const attempt = step === 'main' && item.refused === undefined ? item.attempt + 1 : item.attempt
  const layer = run.layers[item.spec.executor]?.digest
  const agent = step === 'main' ? agentOf(item.spec) : undefined
  return {
    kind: 'item.launched',
    actor: 'engine',
    run: run.id,
    item: item.id,
    attempt,
    fence: state.fence + 1,
    data: {
      step,
      launchId: launchId(state.ns, run.id, item.id, attempt, step),
      executor: item.spec.executor,
      ...(inputs.length > 0 && { inputs }),
      ...(layer !== undefined && { layer }),
      ...(step === 'main' && item.continued?.conversation && { resumes: item.continued.conversation.id }),
      ...(item.spec.policy && { policy: item.spec.policy.digest }),
      ...(agent && { agent }),
    },
  }
}

/** What the record of a launch says of its agent. */
export function agentOf({ agent: name, agentVersion }: ItemSpec): RecordData['item.launched']['agent'] {
  if (name === undefined || agentVersion === undefined) return undefined
  const { version, manifest, instructions } = agentVersion
  return { name, version, digest: manifest.sha256, instructions }
}

/** The products an item needs, or the name of the first one that is not there. */
function inputsOf(run: Run, item: Item): readonly InputRef[] | string {
  const inputs: InputRef[] = []
  for (const { name, from, select } of item.spec.needs) {
    const needed = run.items[from]
    if (name === undefined || select === undefined || needed === undefined) continue
    const { product } = needed
    const about = { name, from: needed.id }
    if (product === undefined) return name
    if (select === 'patch') {
      const blob = product.patch ?? EMPTY_BLOB
      inputs.push({ ...about, select, blob: { sha256: blob.sha256, size: blob.size } })
    } else if (select === 'workspace') {
      if (product.snapshot === undefined) return name
      inputs.push({ ...about, select, blob: product.snapshot })
    } else {
      const output = product.outputs.find(({ path }) => path === select.output)
      if (output === undefined) return name
      inputs.push({ ...about, select: 'output', path: output.path, blob: output.blob })
    }
  }
  return inputs
}
