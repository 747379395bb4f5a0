import type { AnyRecord, RecordDraft, RerunOf } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import { runFold } from '../src/index.ts'
import { canceledLater, launchIdOf, productA, story, storyLog, storyWith, takenLog } from './story.ts'
import { bundleOf, failures, makeLog, RUN, verifyBundle } from './world.ts'

type Entry = (typeof story)[number]

/** The failures of a log that is otherwise whole: chained, sealed and signed as an operator could. */
const check = async (log: readonly AnyRecord[]) => failures(verifyBundle(await bundleOf(log)))

const draftAt = (index: number): RecordDraft => {
  const entry = story[index]
  if (entry === undefined || 'seal' in entry) throw new Error(`no draft ${index}`)
  return entry
}
const without = (...indexes: number[]) => makeLog(story.filter((_, i) => !indexes.includes(i)))
const inserted = (index: number, ...entries: Entry[]) => makeLog(story.toSpliced(index, 0, ...entries))
const moved = (from: number, to: number) => makeLog(story.toSpliced(from, 1).toSpliced(to, 0, draftAt(from)))

const item = (id: string) => ({ actor: 'engine', run: RUN, item: id }) as const
const layer = { layer: 'ab'.repeat(32) }
const launch = (id: string, attempt: number, fence: number, step: 'main' | `gate:${number}` = 'main'): RecordDraft => ({
  kind: 'item.launched',
  ...item(id),
  attempt,
  fence,
  data: { step, launchId: launchIdOf(7), executor: 'sandbox' },
})

const denied = (id: string, attempt: number, fence: number): RecordDraft => ({
  kind: 'tool.denied',
  ...item(id),
  attempt,
  fence,
  data: { tool: 'Bash', reason: 'denied', index: 0 },
})

const ofLayer: RecordDraft = {
  kind: 'egress.decided',
  actor: 'engine',
  run: RUN,
  attempt: 1,
  fence: 1,
  data: { outcome: 'refused', reason: 'not-listed', count: 1, first: 1 },
}

const paused: RecordDraft = { kind: 'run.paused', actor: 'local:1', run: RUN, data: {} }
const resumed: RecordDraft = { ...paused, kind: 'run.resumed' }
const aLayer = (fence: number): RecordDraft => ({
  kind: 'layer.launched',
  actor: 'engine',
  run: RUN,
  fence,
  data: { ...layer, launchId: launchIdOf(6), executor: 'x' },
})

test('gates of what has begun are legal in a pause', async () => {
  // Step 8 is the launch of a gate.
  expect(await check(inserted(8, paused, resumed, paused))).toContain('items.legality: launched-while-paused')
  expect(await check(makeLog(story.toSpliced(9, 0, resumed).toSpliced(8, 0, paused)))).toEqual([])
})

test('facts of a running step are legal', async () => {
  expect(await check(inserted(9, denied('a', 1, 3), denied('c', 1, 2)))).toEqual([])
})

test('the story is legal, sealed once and again', async () => {
  expect(await check(storyLog())).toEqual([])
  expect(await check(canceledLater())).toEqual([])
})

const plan = 'ab'.repeat(32)
const settledA: RecordDraft = { kind: 'item.settled', ...item('a'), data: { outcome: 'succeeded', reason: 'taken' } }
const takenA: RecordDraft = {
  kind: 'item.taken',
  ...item('a'),
  data: { run: 'earlier', seq: 7, leaf: plan, product: productA },
}

/** A run of one item that does another run again. */
const again = (rerun: RerunOf | undefined, ...entries: Entry[]) =>
  makeLog([
    draftAt(0),
    draftAt(1),
    { kind: 'run.submitted', actor: 'local:1', run: RUN, data: { plan, items: 1, ...(rerun && { rerun }) } },
    { kind: 'items.added', actor: 'local:1', run: RUN, data: { items: [[0, 'a', []]] } },
    ...entries,
    { seal: 'succeeded' },
  ])

const take = { of: 'earlier', take: 'succeeded' } as const

test('a result that was taken is legal where the run says whose it takes, and is named as such', async () => {
  expect(await check(again(take, takenA, settledA))).toEqual([])
  const report = await verifyBundle(await bundleOf(again(take, takenA, settledA)))
  expect(report.run?.taken).toEqual({ run: 'earlier', items: 1 })
})

test('what is taken is legal with all that it needs, in any order', async () => {
  expect(await check(takenLog('taken'))).toEqual([])
})

describe('illegal', () => {
  const legality = (code: string) => `items.legality: ${code}`

  test.each<[string, AnyRecord[], string]>([
    ['a second submission', inserted(3, draftAt(2)), legality('submitted-twice')],
    ['items before their run', moved(3, 2), legality('not-submitted')],
    ['an item added twice', inserted(4, draftAt(3)), legality('index-out-of-order')],
    ['an id added twice', storyWith(3, (draft) => [{ ...draft, kind: 'items.added', data: { items: [[0, 'a', []], [1, 'a', []]] } }]), legality('item-twice')], // prettier-ignore
    ['more items than announced', storyWith(2, (draft) => [{ ...draft, kind: 'run.submitted', data: { plan: 'ab'.repeat(32), items: 3 } }]), legality('index-out-of-order')], // prettier-ignore
    ['a need that is no item', storyWith(3, (draft) => [{ ...draft, kind: 'items.added', data: { items: [[0, 'a', [9]]] } }]), legality('unknown-need')], // prettier-ignore
    ['a need of itself', storyWith(3, (draft) => [{ ...draft, kind: 'items.added', data: { items: [[0, 'a', [0]]] } }]), legality('unknown-need')], // prettier-ignore
    ['a launch of an unknown item', inserted(4, launch('zz', 1, 1)), legality('unknown-item')],
    ['a launch before its needs', moved(15, 7), legality('launched-before-needs')],
    ['a launch while one runs', inserted(5, launch('a', 2, 2)), legality('launched-while-running')],
    ['a launch while parked', inserted(18, launch('b', 2, 5)), legality('launched-while-parked')],
    ['a launch while a gate judges', inserted(13, launch('a', 2, 4)), legality('launched-while-running')],
    ['an attempt left out', storyWith(20, () => [launch('b', 3, 6)]), legality('attempt-out-of-order')],
    ['a gate of another attempt', storyWith(8, () => [launch('a', 2, 3, 'gate:0')]), legality('attempt-out-of-order')],
    ['a gate out of turn', storyWith(8, () => [launch('a', 1, 3, 'gate:1')]), legality('illegal-step')],
    ['a gate without a product', inserted(5, launch('b', 1, 2, 'gate:0')), legality('illegal-step')],
    ['a fence that does not grow', storyWith(20, () => [launch('b', 2, 4)]), legality('fence-not-growing')],
    ['a product under an old fence', storyWith(7, (draft) => [{ ...draft, kind: 'item.captured', fence: 0, data: { exit: { reason: 'exited', startedAt: 1, endedAt: 1, outputBytes: 0 }, product: productA } }]), legality('old-fence')], // prettier-ignore
    ['a product without a launch', inserted(4, draftAt(7)), legality('end-without-launch')],
    ['a gate’s end under an old fence', storyWith(12, (draft) => [{ ...draft, kind: 'gate.ended', fence: 1, data: { gate: 0, passed: true, reason: 'x' } }]), legality('old-fence')], // prettier-ignore
    ['a gate’s end without a launch', inserted(13, draftAt(12)), legality('end-without-launch')],
    ['an attempt’s end under an old fence', storyWith(21, (draft) => [{ ...draft, kind: 'attempt.ended', fence: 4, data: { outcome: 'succeeded', reason: 'x', product: productA } }]), legality('old-fence')], // prettier-ignore
    ['an attempt’s end while a gate runs', inserted(12, draftAt(13)), legality('gate-not-ended')],
    ['an attempt’s end without a launch', inserted(4, draftAt(9)), legality('end-without-launch')],
    ['an attempt that ends twice', inserted(10, draftAt(9)), legality('end-without-launch')],
    ['success after a gate said no', storyWith(12, (draft) => [{ ...draft, kind: 'gate.ended', data: { gate: 0, passed: false, reason: 'x' } }]), legality('success-not-borne-out')], // prettier-ignore
    ['success without a product', storyWith(21, (draft) => [{ ...draft, kind: 'attempt.ended', data: { outcome: 'succeeded', reason: 'x' } }]), legality('success-not-borne-out')], // prettier-ignore
    ['a settlement as succeeded of what failed', storyWith(10, (draft) => [{ ...draft, kind: 'item.settled', data: { outcome: 'succeeded', reason: 'x' } }]), legality('success-not-borne-out')], // prettier-ignore
    ['a settlement while it runs', inserted(5, { kind: 'item.settled', ...item('a'), data: { outcome: 'failed', reason: 'x' } }), legality('settled-while-running')], // prettier-ignore
    ['a settlement under an old fence', storyWith(22, (draft) => [{ ...draft, kind: 'item.settled', fence: 4, data: { outcome: 'succeeded', reason: 'x' } }]), legality('old-fence')], // prettier-ignore
    ['a second settlement', inserted(11, draftAt(10)), legality('second-settlement')],
    ['a second settlement by range', inserted(12, draftAt(11)), legality('second-settlement')],
    ['a settlement of a range that is not there', storyWith(11, (draft) => [{ ...draft, kind: 'items.settled', data: { outcome: 'skipped', ranges: [[3, 2 ** 53 - 1]], reason: 'x' } }]), legality('unknown-item')], // prettier-ignore
    ['anything of a settled item', inserted(15, launch('a', 2, 4)), legality('after-settlement')],
    ['parking twice', inserted(18, draftAt(17)), legality('parked-twice')],
    [
      'parking while it runs',
      inserted(5, draftAt(17), { ...draftAt(17), ...item('a') }),
      legality('parked-while-running'),
    ],
    ['parking while a gate is due', inserted(13, { ...draftAt(17), ...item('a') }), legality('parked-while-running')],
    ['resuming what is not parked', inserted(20, draftAt(19)), legality('not-parked')],
    ['resuming by another token', storyWith(19, (draft) => [{ ...draft, kind: 'item.resumed', data: { token: 't2', by: 'time' } }]), legality('not-parked')], // prettier-ignore
    ['cancelling an unknown item', inserted(4, { kind: 'cancel.requested', ...item('zz'), data: { reason: 'requested' } }), legality('unknown-item')], // prettier-ignore
    ['a layer launched twice', inserted(4, ...[1, 2].map((fence): RecordDraft => ({ kind: 'layer.launched', actor: 'engine', run: RUN, fence, data: { ...layer, launchId: launchIdOf(6), executor: 'x' } }))), legality('launched-while-running')], // prettier-ignore
    ['a launch of what is paused', inserted(4, paused), legality('launched-while-paused')],
    ['a layer that is built in a pause', inserted(4, paused, aLayer(1)), legality('launched-while-paused')],
    ['a result taken where none is', again(undefined, takenA, settledA), legality('taken-from-elsewhere')],
    ['a result where all is run again', again({ of: 'earlier' }, takenA, settledA), legality('taken-from-elsewhere')],
    ['a result of another run', again({ ...take, of: 'other' }, takenA, settledA), legality('taken-from-elsewhere')],
    ['a result of the item that is run again', again({ ...take, from: 'a' }, takenA, settledA), legality('taken-from-elsewhere')], // prettier-ignore
    ['a result taken twice', again(take, takenA, takenA, settledA), legality('taken-after-launch')],
    ['a result taken of what runs', again(take, launch('a', 1, 1), takenA, settledA), legality('taken-after-launch')],
    ['a launch of what was taken', again(take, takenA, launch('a', 1, 1), settledA), legality('launched-after-taken')],
    ['a result whose need is run again', takenLog('launched'), legality('taken-without-needs')],
    ['a result whose need is cancelled', takenLog('canceled'), legality('taken-without-needs')],
    ['a pause in a pause', inserted(9, paused, paused), legality('paused-twice')],
    ['an end of no pause', inserted(9, resumed), legality('not-paused')],
    ['a fact without a launch', inserted(4, denied('a', 1, 1)), legality('fact-without-launch')],
    ['a fact after the step has ended', inserted(8, denied('a', 1, 1)), legality('fact-without-launch')],
    ['a fact under an old fence', inserted(9, denied('a', 1, 1)), legality('fact-without-launch')],
    ['a fact of another attempt', inserted(9, denied('a', 2, 3)), legality('fact-without-launch')],
    ['a fact of an unknown item', inserted(9, denied('zz', 1, 3)), legality('unknown-item')],
    ['a fact after settlement', inserted(15, denied('a', 1, 3)), legality('after-settlement')],
    ['a fact of no layer', inserted(4, ofLayer), legality('fact-without-launch')],
    ['a layer’s end without a launch', inserted(4, { kind: 'layer.ended', actor: 'engine', run: RUN, fence: 1, data: { ...layer, outcome: 'ready', reason: 'x' } }), legality('end-without-launch')], // prettier-ignore
    ['an effect after the seal', makeLog([...story, draftAt(3), { seal: 'failed' }]), legality('effect-after-seal')],
    ['a seal while items are open', without(22), 'run.status: not-settled'],
    [
      'a seal with another status',
      makeLog(story.map((entry) => ('seal' in entry ? { seal: 'succeeded' } : entry))),
      'run.status: status-mismatch',
    ],
    ['a later seal with another status', makeLog([...story, { kind: 'command.voided', actor: 'x', run: RUN, data: { command: 'x', reason: 'x' } }, { seal: 'canceled' }]), 'run.status: status-mismatch'], // prettier-ignore
  ])('%s', async (_, log, expected) => {
    expect(await check(log)).toContain(expected)
  })

  test('a layer’s end under an old fence', async () => {
    const ended = (fence: number) =>
      inserted(
        4,
        {
          kind: 'layer.launched',
          actor: 'engine',
          run: RUN,
          fence: 0,
          data: { ...layer, launchId: launchIdOf(6), executor: 'x' },
        },
        { kind: 'layer.ended', actor: 'engine', run: RUN, fence, data: { ...layer, outcome: 'ready', reason: 'x' } },
      )
    expect(await check(ended(0))).toEqual([])
    expect(await check(ended(5))).toEqual(['items.legality: old-fence'])
  })
  describe('after a gate was refused for capacity', () => {
    const refused: RecordDraft = {
      kind: 'item.parked',
      ...item('a'),
      attempt: 1,
      fence: 3,
      data: { reason: 'capacity', token: 'g', resumeAt: 1, locksUntil: 1 },
    }
    const resumed: RecordDraft = { kind: 'item.resumed', ...item('a'), data: { token: 'g', by: 'time' } }
    const ended = (outcome: 'succeeded' | 'canceled'): RecordDraft => ({
      kind: 'attempt.ended',
      ...item('a'),
      attempt: 1,
      fence: 3,
      data: { outcome, reason: 'x' },
    })

    test('it is launched again in its attempt', async () => {
      const whole = makeLog(
        story.flatMap((entry, index) => {
          if ('seal' in entry || index < 12) return [entry]
          if (index === 12) return [refused, resumed, launch('a', 1, 4, 'gate:0'), { ...entry, fence: 4 }]
          // Fences only grow: those that follow are later ones.
          return [entry.fence === undefined ? entry : { ...entry, fence: index < 15 ? 4 : entry.fence + 4 }]
        }),
      )
      expect(await check(whole)).toEqual([])
    })
    test.each<[string, RecordDraft[], string]>([
      ['success without it', [refused, resumed, ended('succeeded')], 'gate-not-ended'],
      ['a main step', [refused, resumed, launch('a', 1, 4)], 'launched-while-running'],
      ['a settlement with the attempt open', [refused, { kind: 'item.settled', ...item('a'), data: { outcome: 'canceled', reason: 'x' } }], 'settled-while-running'], // prettier-ignore
      ['its end', [refused, { kind: 'gate.ended', ...item('a'), attempt: 1, fence: 3, data: { gate: 0, passed: true, reason: 'x' } }], 'end-without-launch'], // prettier-ignore
      ['a launch while it waits', [refused, launch('a', 1, 4, 'gate:0')], 'launched-while-parked'],
    ])('%s is not legal', async (_, drafts, code) => {
      expect(await check(inserted(12, ...drafts))).toContain(legality(code))
    })
  })

  test('a record of no run', () => {
    const fold = runFold()
    const [opened, , submitted] = storyLog()
    if (opened === undefined || submitted === undefined) throw new Error('short')
    expect(fold.add(submitted)).toBeUndefined()
    expect(fold.add(opened)).toEqual({ check: 'items.legality', code: 'not-of-a-run' })
  })
})

describe('consumed inputs', () => {
  const inputs = [draftAt(15)].flatMap((draft) => (draft.kind === 'item.launched' ? (draft.data.inputs ?? []) : []))
  const [patch, output] = inputs
  if (patch === undefined || output === undefined) throw new Error('two inputs')
  const withInputs = (...given: typeof inputs) =>
    storyWith(15, (draft) => [
      {
        ...draft,
        kind: 'item.launched',
        data: { step: 'main', launchId: launchIdOf(3), executor: 'sandbox', inputs: given },
      },
    ])

  test.each<[string, typeof inputs]>([
    ['another digest', [{ ...patch, blob: { ...patch.blob, sha256: '00'.repeat(32) } }]],
    ['another size', [{ ...patch, blob: { ...patch.blob, size: 1 } }]],
    ['an output that was not made', [{ ...output, path: 'other.txt' }]],
    ['a workspace that was not kept', [{ ...patch, select: 'workspace' }]],
    ['an item that is not needed', [{ ...patch, from: 'c' }]],
    ['an unknown item', [{ ...patch, from: 'zz' }]],
    ['an output given as the patch', [{ ...output, select: 'patch' }]],
  ])('from %s are refused', async (_, given) => {
    expect(await check(withInputs(...given))).toEqual(['items.inputs: input-not-supplied'])
  })
  test('that the product has are fine, in any number', async () => {
    expect(await check(withInputs(output, patch, patch))).toEqual([])
    expect(await check(withInputs())).toEqual([])
  })
})

describe('the outcome', () => {
  const submit = (items: number): RecordDraft => ({
    kind: 'run.submitted',
    actor: 'x',
    run: RUN,
    data: { plan: 'ab'.repeat(32), items },
  })
  const add: RecordDraft = { kind: 'items.added', actor: 'x', run: RUN, data: { items: [[0, 'a', []]] } }
  const settledAs = (outcome: 'canceled' | 'failed'): RecordDraft => ({
    kind: 'item.settled',
    ...item('a'),
    data: { outcome, reason: 'x' },
  })
  const cancel = (reason: 'requested' | 'timeout', of?: string): RecordDraft => ({
    kind: 'cancel.requested', actor: 'x', run: RUN, ...(of !== undefined && { item: of }), data: { reason },
  }) // prettier-ignore

  const succeeded: Entry[] = [
    launch('a', 1, 1),
    {
      kind: 'item.parked',
      ...item('a'),
      attempt: 1,
      fence: 1,
      data: { reason: 'capacity', token: 't', resumeAt: 1, locksUntil: 1 },
    },
    { kind: 'locks.released', ...item('a'), data: { token: 't' } },
    { kind: 'item.resumed', ...item('a'), data: { token: 't', by: 'time' } },
    launch('a', 1, 2),
    {
      kind: 'attempt.ended',
      ...item('a'),
      attempt: 1,
      fence: 2,
      data: { outcome: 'succeeded', reason: 'x', product: productA },
    },
    { kind: 'item.settled', ...item('a'), attempt: 1, fence: 2, data: { outcome: 'succeeded', reason: 'x' } },
  ]

  test.each<[string, Entry[], 'succeeded' | 'failed' | 'canceled']>([
    ['all succeeded, once after a refusal for capacity', [submit(1), add, ...succeeded], 'succeeded'],
    ['cancelled by someone', [submit(1), add, cancel('requested'), settledAs('canceled')], 'canceled'],
    ['out of time', [submit(1), add, cancel('timeout'), cancel('requested'), settledAs('canceled')], 'failed'],
    ['only an item cancelled', [submit(1), add, cancel('requested', 'a'), settledAs('canceled')], 'failed'],
    ['a failure', [submit(1), add, settledAs('failed')], 'failed'],
  ])('%s', async (_, drafts, status) => {
    const report = await verifyBundle(await bundleOf(makeLog([...drafts, { seal: status }])))
    expect(report).toMatchObject({ verdict: 'verified', run: { status } })
  })
})

describe('children', () => {
  type Added = readonly (readonly [number, string, readonly number[]])[]
  const submitted: RecordDraft = {
    kind: 'run.submitted',
    actor: 'x',
    run: RUN,
    data: { plan: 'ab'.repeat(32), items: 1 },
  }
  const added = (items: Added): RecordDraft => ({ kind: 'items.added', actor: 'x', run: RUN, data: { items } })
  const by = (fence: number, items: Added, attempt = 1, id = 'a'): RecordDraft => ({
    ...added(items),
    item: id,
    attempt,
    fence,
  })
  const ended = (id: string, fence: number, outcome: 'succeeded' | 'failed'): RecordDraft[] => {
    const about = { ...item(id), attempt: 1, fence }
    const product = outcome === 'succeeded' ? { product: productA } : {}
    return [
      { kind: 'attempt.ended', ...about, data: { outcome, reason: 'x', ...product } },
      { kind: 'item.settled', ...about, data: { outcome, reason: 'x' } },
    ]
  }
  const one = by(1, [[1, 'b', []]])
  const log = (...more: RecordDraft[]) => [submitted, added([[0, 'a', []]]), launch('a', 1, 1), ...more]
  const firstIllegal = (entries: RecordDraft[]) => {
    const fold = runFold()
    return makeLog(entries).flatMap((record) => fold.add(record) ?? [])[0]?.code
  }

  test.each([
    ['of an attempt that is over', log(...ended('a', 1, 'failed'), one), 'added-without-launch'],
    ['of an old fence', log(by(0, [[1, 'b', []]])), 'old-fence'],
    ['of another attempt', log(by(1, [[1, 'b', []]], 2)), 'old-fence'],
    ['of an unknown item', log(by(1, [[1, 'b', []]], 1, 'zz')), 'added-without-launch'],
    ['of nobody', log(added([[1, 'b', []]])), 'index-out-of-order'],
    ['under a number that is not next', log(by(1, [[2, 'b', []]])), 'index-out-of-order'],
    ['under an id that is taken', log(by(1, [[1, 'a', []]])), 'item-twice'],
    ['that need their parent', log(by(1, [[1, 'b', [0]]])), 'unknown-need'],
    ['that need what comes later', log(by(1, [[1, 'b', [2]]]), by(1, [[2, 'c', []]])), 'unknown-need'],
  ])('%s are illegal', (_, entries, code) => {
    expect(firstIllegal(entries)).toBe(code)
  })

  test.each(['succeeded', 'failed'] as const)('that %s leave the outcome to the items of the plan', async (outcome) => {
    const entries = [...log(one, launch('b', 1, 2)), ...ended('b', 2, outcome), ...ended('a', 1, 'succeeded')]
    const report = await verifyBundle(await bundleOf(makeLog([...entries, { seal: 'succeeded' }])))
    expect(report).toMatchObject({ verdict: 'verified', run: { status: 'succeeded', items: 2 } })
  })
})
