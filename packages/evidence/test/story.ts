import type { Product, RecordDraft } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { makeLog, RUN, type Log, type PayloadMap } from './world.ts'

type Entry = Parameters<typeof makeLog>[0][number]

const encoder = new TextEncoder()
export const patchA: Uint8Array = encoder.encode('diff --git a/x b/x\n')
export const planText: Uint8Array = encoder.encode('{"workspace":{"type":"empty"}}')
export const planSalt: Uint8Array = new Uint8Array(32).fill(0x55)

const blob = (text: string) => ({ sha256: sha256Hex(text), size: text.length })
const gitId = '12'.repeat(20)

export const productA: Product = {
  patch: { sha256: sha256Hex(patchA), size: patchA.length, files: 1, baseTree: gitId, tree: 'ab'.repeat(20) },
  outputs: [{ path: 'out.txt', blob: blob('out') }],
  stdout: blob('a says\n'),
  stderr: blob(''),
}
const productB: Product = { outputs: [], stdout: blob('b says\n'), stderr: blob('') }

export const launchIdOf = (n: number): string => `sm${'abcdefgh'[n % 8]?.repeat(32) ?? ''}`
const exit = { code: 0, reason: 'exited', startedAt: 1, endedAt: 2, outputBytes: 7 } as const
const of = (item: string, attempt: number, fence: number) =>
  ({ actor: 'engine', run: RUN, item, attempt, fence }) as const
const item = (id: string) => ({ actor: 'engine', run: RUN, item: id }) as const

/** Item `a` with a gate; `b` takes its patch and needs two attempts; `c` fails; `d` needs it and is skipped. */
export const story: readonly Entry[] = [
  { kind: 'log.opened', actor: 'engine', data: { origin: `seamark.invalid/${'5e'.repeat(16)}` } },
  { kind: 'engine.started', actor: 'engine', data: { version: '0.1.0', holder: 'test', executors: [] } },
  {
    kind: 'run.submitted',
    actor: 'local:1000',
    run: RUN,
    data: { plan: 'ab'.repeat(32), items: 4 },
    payload: { mediaType: 'application/json', bytes: planText, salt: planSalt },
  },
  {
    kind: 'items.added',
    actor: 'local:1000',
    run: RUN,
    data: { items: [[0, 'a', []], [1, 'b', [0]], [2, 'c', []], [3, 'd', [2]]] }, // prettier-ignore
  },
  { kind: 'item.launched', ...of('a', 1, 1), data: { step: 'main', launchId: launchIdOf(0), executor: 'sandbox' } },
  { kind: 'item.launched', ...of('c', 1, 2), data: { step: 'main', launchId: launchIdOf(1), executor: 'sandbox' } },
  { kind: 'checkpoint.committed', actor: 'engine', data: { size: 6, root: 'cd'.repeat(32) } },
  { kind: 'item.captured', ...of('a', 1, 1), data: { exit, product: productA } },
  { kind: 'item.launched', ...of('a', 1, 3), data: { step: 'gate:0', launchId: launchIdOf(2), executor: 'sandbox' } },
  { kind: 'attempt.ended', ...of('c', 1, 2), data: { outcome: 'failed', reason: 'exit-code', exit } },
  { kind: 'item.settled', ...of('c', 1, 2), data: { outcome: 'failed', reason: 'exit-code' } },
  {
    kind: 'items.settled',
    actor: 'engine',
    run: RUN,
    data: { outcome: 'skipped', ranges: [[3, 3]], reason: 'need-failed' },
  },
  { kind: 'gate.ended', ...of('a', 1, 3), data: { gate: 0, passed: true, reason: 'completed', exit } },
  { kind: 'attempt.ended', ...of('a', 1, 3), data: { outcome: 'succeeded', reason: 'completed' } },
  { kind: 'item.settled', ...of('a', 1, 3), data: { outcome: 'succeeded', reason: 'completed' } },
  {
    kind: 'item.launched',
    ...of('b', 1, 4),
    data: {
      step: 'main',
      launchId: launchIdOf(3),
      executor: 'sandbox',
      inputs: [
        { name: 'p', from: 'a', select: 'patch', blob: { sha256: sha256Hex(patchA), size: patchA.length } },
        { name: 'o', from: 'a', select: 'output', path: 'out.txt', blob: blob('out') },
      ],
    },
  },
  { kind: 'attempt.ended', ...of('b', 1, 4), data: { outcome: 'lost', reason: 'lost' } },
  { kind: 'item.parked', ...item('b'), data: { reason: 'retry', token: 't1', resumeAt: 9, locksUntil: 9 } },
  { kind: 'run.submitted', actor: 'local:1', run: 'other', data: { plan: 'cd'.repeat(32), items: 1 } },
  { kind: 'item.resumed', ...item('b'), data: { token: 't1', by: 'time' } },
  { kind: 'item.launched', ...of('b', 2, 6), data: { step: 'main', launchId: launchIdOf(4), executor: 'sandbox' } },
  {
    kind: 'attempt.ended',
    ...of('b', 2, 6),
    data: { outcome: 'succeeded', reason: 'completed', exit, product: productB },
  },
  { kind: 'item.settled', ...of('b', 2, 6), data: { outcome: 'succeeded', reason: 'completed' } },
  { seal: 'failed' },
  { kind: 'engine.stopped', actor: 'engine', data: { reason: 'requested' } },
]

export const storyLog = (): Log => makeLog(story)
/** The story, and then someone cancels the sealed run. */
export const canceledLater = (): Log =>
  makeLog([
    ...story,
    { kind: 'command.voided', actor: 'local:1', run: RUN, data: { command: 'run.cancel', reason: 'sealed' } },
    { seal: 'failed' },
  ])

/** A run that takes the result of `b` from an earlier one; `b` needs `a`, and this becomes of that. */
export function takenLog(ofA: 'taken' | 'launched' | 'canceled'): Log {
  const plan = 'ab'.repeat(32)
  const settled = (id: string, outcome: 'succeeded' | 'canceled', reason: string): RecordDraft => ({
    kind: 'item.settled',
    ...item(id),
    data: { outcome, reason },
  })
  const taken = (id: string, seq: number): RecordDraft[] => [
    { kind: 'item.taken', ...item(id), data: { run: 'earlier', seq, leaf: 'cd'.repeat(32), product: productA } },
    settled(id, 'succeeded', 'taken'),
  ]
  const main = { step: 'main', launchId: launchIdOf(0), executor: 'sandbox' } as const
  const became: Record<typeof ofA, readonly RecordDraft[]> = {
    taken: taken('a', 7),
    canceled: [
      { kind: 'cancel.requested', actor: 'local:1', run: RUN, data: { reason: 'requested' } },
      settled('a', 'canceled', 'requested'),
    ],
    launched: [
      { kind: 'item.launched', ...of('a', 1, 1), data: main },
      { kind: 'attempt.ended', ...of('a', 1, 1), data: { outcome: 'succeeded', reason: 'x', exit, product: productA } },
      settled('a', 'succeeded', 'x'),
    ],
  }
  return makeLog([
    ...story.slice(0, 2),
    {
      kind: 'run.submitted',
      actor: 'local:1',
      run: RUN,
      data: { plan, items: 2, rerun: { of: 'earlier', take: 'succeeded' } },
    },
    {
      kind: 'items.added',
      actor: 'local:1',
      run: RUN,
      data: {
        items: [
          [0, 'b', [1]],
          [1, 'a', []],
        ],
      },
    },
    ...taken('b', 9),
    ...became[ofA],
    { seal: ofA === 'canceled' ? 'canceled' : 'succeeded' },
  ])
}

export const disclosed: PayloadMap = new Map([[2, { salt: planSalt, bytes: planText }]])

/** The story with one draft replaced. */
export function storyWith(index: number, change: (draft: RecordDraft) => readonly Entry[]): Log {
  return makeLog(
    story.flatMap((entry, i) => {
      if (i !== index) return [entry]
      if ('seal' in entry) throw new Error('a seal can not be replaced')
      return change(entry)
    }),
  )
}
