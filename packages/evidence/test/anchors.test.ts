import type { AnchorAnswer, AnchorCheck, AnchorReceipt, TrustFile } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import { examine } from '../src/index.ts'
import { checkpoint, log, receipt } from './forge.ts'
import { bundleOf, filesOf, headOf, NOW, rebuild, trust } from './world.ts'

const until = NOW + 1_000
const pass: AnchorCheck = { status: 'pass', retainedUntil: until }
const receiptOf = (name: string): AnchorReceipt => ({ ...receipt, name })
const bundle = await bundleOf(log, { receipts: { a: receiptOf('a') } })
const both = await bundleOf(log, { receipts: { a: receiptOf('a'), b: receiptOf('b') } })

function answer(check?: AnchorCheck, more: Partial<AnchorAnswer> = {}): AnchorAnswer {
  return { kind: 'k', name: 'a', beyondOperator: true, ...more, ...(check && { check }) }
}

async function reportOf(answers: readonly AnchorAnswer[], of = bundle, by: TrustFile = trust) {
  const examined = await examine(filesOf(of), by, { now: NOW, anchors: answers.map(({ name }) => name) })
  const report = examined.report(answers)
  const found = <T extends { readonly name: string }>(list: readonly T[], name: string) =>
    list.find((entry) => entry.name === name)
  return {
    report,
    check: report.checks.find(({ id }) => id === 'anchors'),
    retained: found(report.properties, 'retained-until'),
  }
}

describe('what anchors said', () => {
  test('that passes gives the property its date', async () => {
    const { report, check, retained } = await reportOf([answer(pass)])
    expect(report).toMatchObject({ verdict: 'verified', exitCode: 0, anchors: [answer(pass)] })
    expect(check).toEqual({ id: 'anchors', status: 'pass' })
    expect(retained).toMatchObject({ status: 'pass', value: new Date(until).toISOString() })
    const { retained: own } = await reportOf([answer(pass, { beyondOperator: false })])
    expect(own?.forgeableBy).not.toBe(retained?.forgeableBy)
  })

  test.each(['gone', 'not-found', 'changed', 'retention-shortened', 'not-locked', 'not-earliest'])(
    'that fails as %s is tampered with',
    async (reason) => {
      const { report, check, retained } = await reportOf([answer({ status: 'fail', reason })])
      expect(report).toMatchObject({ verdict: 'tampered', exitCode: 10 })
      expect(check).toEqual({ id: 'anchors', status: 'fail', code: reason, detail: 'a' })
      expect(retained?.status).toBe('fail')
    },
  )

  test.each(['unreachable', 'access-denied', 'no-such-bucket', 'other-anchor', 'retention-ended'])(
    'that was not checked as %s never passes',
    async (reason) => {
      const { report, check, retained } = await reportOf([answer({ status: 'not-checked', reason })])
      expect(report).toMatchObject({ verdict: 'unverified', exitCode: 12 })
      expect(check).toEqual({ id: 'anchors', status: 'not-checked', code: reason, detail: 'a' })
      expect(retained?.status).toBe('not-checked')
    },
  )

  test('that passes with no date, one that has passed, or one that is none, retains nothing', async () => {
    for (const retainedUntil of [undefined, NOW, NOW - 1, 1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      const check: AnchorCheck = { status: 'pass', ...(retainedUntil !== undefined && { retainedUntil }) }
      const { report, retained } = await reportOf([answer(check)])
      expect(report.verdict).toBe('verified')
      expect(retained).toMatchObject({ status: 'not-checked' })
      const required = await reportOf([answer(check)], bundle, { ...trust, required: ['retained-until'] })
      expect(required.report.exitCode).toBe(12)
    }
  })

  test('counts together: the latest date, and the worst status', async () => {
    const b = { name: 'b' }
    const later = { status: 'pass', retainedUntil: until + 5 } as const
    const good = await reportOf([answer(later), answer(pass, b)], both)
    expect(good.retained).toMatchObject({ status: 'pass', value: new Date(until + 5).toISOString() })
    expect(good.report.exitCode).toBe(0)
    const mixed = await reportOf([answer(pass), answer({ status: 'fail', reason: 'gone' }, b)], both)
    expect(mixed.check).toMatchObject({ status: 'fail', code: 'gone', detail: 'b' })
    expect(mixed.report.exitCode).toBe(10)
    const half = await reportOf([answer(pass), answer({ status: 'not-checked', reason: 'unreachable' }, b)], both)
    expect(half.check).toMatchObject({ status: 'not-checked', code: 'unreachable' })
    expect(half.report.exitCode).toBe(12)
  })

  test('is not enough where a receipt is of an anchor that is not configured, or one that is has none', async () => {
    const other = await reportOf([answer(pass)], both)
    expect(other.check).toEqual({
      id: 'anchors',
      status: 'not-checked',
      code: 'not-configured',
      detail: 'receipts/b.json',
    })
    expect(other.retained?.status).toBe('pass')
    expect(other.report.exitCode).toBe(12)
    const missing = await reportOf([answer(pass), answer(undefined, { name: 'b' })])
    expect(missing.check).toMatchObject({ status: 'not-checked', code: 'no-receipt', detail: 'b' })
    const stripped = await reportOf([answer()], await bundleOf(log))
    expect(stripped.check).toMatchObject({ status: 'not-checked', code: 'no-receipt' })
    expect(stripped.report.exitCode).toBe(12)
  })

  test('is nothing of a bundle that is not authentic', async () => {
    expect((await reportOf([answer(pass)], bundle, { ...trust, keys: [] })).retained?.status).toBe('not-checked')
    const untrusted = await examine(filesOf(bundle), undefined, { now: NOW, anchors: ['a'] })
    const { properties } = untrusted.report([answer(pass)])
    expect(properties.find(({ name }) => name === 'retained-until')?.status).toBe('not-checked')
  })

  test('is what a trust file can require', async () => {
    const required = { ...trust, required: ['anchors', 'retained-until'] }
    expect((await reportOf([answer(pass)], bundle, required)).report.exitCode).toBe(0)
    const offline = (await examine(filesOf(bundle), required, { now: NOW })).report()
    expect(offline.exitCode).toBe(12)
  })
})

describe('what anchors are asked', () => {
  test('is the receipt under the name of each, for the checkpoint of the bundle', async () => {
    const examined = await examine(filesOf(both), trust, { now: NOW, anchors: ['b', 'c'] })
    expect([...examined.receipts]).toEqual([['b', receiptOf('b')]])
    expect((await examine(filesOf(both), trust, { now: NOW })).receipts.size).toBe(0)
  })

  test('is not a receipt for another checkpoint', async () => {
    const elsewhere = { ...receiptOf('a'), root: '0'.repeat(64) }
    const examined = await examine(filesOf(await bundleOf(log, { receipts: { a: elsewhere } })), trust, {
      now: NOW,
      anchors: ['a'],
    })
    expect(examined.receipts.size).toBe(0)
    expect(examined.report([answer()])).toMatchObject({ verdict: 'tampered' })
  })

  test('is nothing where there is no bundle', async () => {
    const examined = await examine(filesOf([]), trust, { now: NOW, anchors: ['a'] })
    expect(examined.receipts.size).toBe(0)
    expect(examined.report([answer(pass)])).toMatchObject({ verdict: 'unreadable', exitCode: 2 })
  })
})

describe('the operator who edits a record and signs again with the real key', () => {
  const edited = rebuild(log.map((record) => (record.seq === 1 ? { ...record, actor: 'someone' } : record)))

  test('can not have the old receipt, is found by what the anchor holds, and is not verified without either', async () => {
    const head = await headOf(edited)
    expect(head.size).toBe(checkpoint.size)
    expect(head.root).not.toBe(checkpoint.root)
    const kept = await bundleOf(edited, { checkpoint: head, receipts: { a: receiptOf('a') } })
    expect((await reportOf([answer()], kept)).check).toMatchObject({ code: 'no-receipt' })
    expect((await reportOf([answer()], kept)).report.exitCode).toBe(10)
    const forged = await bundleOf(edited, { checkpoint: head, receipts: { a: { ...receiptOf('a'), root: head.root } } })
    const says: AnchorCheck = { status: 'fail', reason: 'not-earliest' }
    expect((await reportOf([answer(says)], forged)).report.exitCode).toBe(10)
    const stripped = await bundleOf(edited, { checkpoint: head })
    expect((await reportOf([answer()], stripped)).report.exitCode).toBe(12)
  })
})
