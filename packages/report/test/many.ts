import type { AnyRecord, BlobRef, ItemRow, RecordData, RecordHeader, RecordKind } from '@seamark/core'
import type { ReportInput } from '../src/index.ts'
import { shareOf } from '../src/index.ts'

const start = Date.UTC(2026, 10, 23, 9)
const blob = (size: number): BlobRef => ({ sha256: 'a'.repeat(64), size })

/** Words that stand for texts of agents, repositories and plans. */
export interface Texts {
  readonly name: string
  readonly tool: string
  readonly log: string
  readonly line: string
}

const plain: Texts = { name: 'item', tool: 'git push', log: 'done\n', line: 'const answer = 42 // "so"' }

/** A run of so many items, each in a chain of ten, with a patch, logs, a call to a model and a denial. */
export function many(count: number, texts: Texts = plain): ReportInput {
  const records: AnyRecord[] = []
  const add = <K extends RecordKind>(kind: K, data: RecordData[K], more: Partial<RecordHeader<K>> = {}): void => {
    const seq = records.length
    const record = { v: 1, ns: 'default', seq, epoch: 1, at: start + seq * 50, kind, kindVersion: 1, actor: 'engine', run: 'r', runSeq: seq, ...more, data } // prettier-ignore
    records.push(record as AnyRecord)
  }
  const names = Array.from({ length: count }, (_, index) => `${texts.name}-${index}`)
  add('run.submitted', { plan: 'b'.repeat(64), items: count }, { actor: 'local:1000' })
  add('items.added', { items: names.map((id, index) => [index, id, index % 10 === 0 ? [] : [index - 1]] as const) })
  const items: ItemRow[] = names.map((item, index) => {
    const of = { item, attempt: 1, fence: index + 1 }
    const product = {
      patch: { ...blob(10_000), files: 1, baseTree: 'c'.repeat(40), tree: 'd'.repeat(40) },
      outputs: [],
      stdout: blob(10_000),
      stderr: blob(0),
    }
    const activity = {
      turns: 2,
      calls: 3,
      tools: [{ tool: texts.tool, calls: 3 }],
      allowed: 2,
      denied: 1,
      nudges: 1,
      nudgedFor: [texts.tool],
      usage: [{ model: texts.name, inputTokens: 1_234, outputTokens: 5 }],
    }
    const call = { id: '1', provider: 'anthropic', model: 'claude-sonnet-4-5' }
    add('item.launched', { step: 'main', launchId: `sm${index}`, executor: 'sandbox' }, of)
    add('tool.denied', { tool: texts.tool, reason: 'not-listed', index: 0 }, of)
    add('usage.reserved', { ...call, accounts: [], tokens: 9, nanoUsd: 9_000 }, of)
    add('usage.settled', { id: '1', as: 'used', charged: { tokens: 3, nanoUsd: 3_000 }, excess: { tokens: 0, nanoUsd: 0 } }, of) // prettier-ignore
    add(
      'item.captured',
      { exit: { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 1 }, product, activity },
      of,
    )
    add('attempt.ended', { outcome: 'succeeded', reason: 'completed' }, of)
    add('item.settled', { outcome: 'succeeded', reason: 'completed' }, { item })
    return { run: 'r', index, item, status: 'succeeded', attempt: 1, product }
  })
  add('run.sealed', { segment: 0, from: 0, count: records.length, last: 'e'.repeat(64), root: 'f'.repeat(64), status: 'succeeded' }) // prettier-ignore
  const share = shareOf(count)
  const hunk = `+${texts.line}\n`.repeat(Math.min(200, Math.floor(share.patch / (texts.line.length + 2))))
  const lines = hunk.split('\n').length - 1
  const patch = `diff --git a/src/a.ts b/src/a.ts\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -0,0 +1,${lines} @@\n${hunk}`
  const settled = { succeeded: count, failed: 0, canceled: 0, skipped: 0 }
  return {
    version: '0.1.0',
    ns: 'default',
    now: start + records.length * 50,
    run: { run: 'r', name: texts.name, status: 'succeeded', seq: 0, plan: 'b'.repeat(64), items: count, settled, submittedBy: 'local:1000', submittedAt: start, sealedAt: start + records.length * 50 }, // prettier-ignore
    items,
    records,
    texts: new Map(names.map((item) => [item, { patch: { text: patch, leftOut: 1 }, stdout: { text: texts.log, leftOut: 0 } }])), // prettier-ignore
    evidence: { verified: false, why: texts.log },
  }
}
