import type { AnchorReceipt, AuditAnchor, TrustFile } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { inspect } from 'node:util'
import { attackable, log, origin, otherOrigin, trusting } from './anchor-subject.ts'
import type { Log } from './anchor-subject.ts'
import { expectCode, expectEqual, fail, throughJson, together, within } from './check.ts'
import { expectClaim, identityCase } from './identity-case.ts'
import type { Case } from './suite.ts'

async function statusOf(seam: AuditAnchor, receipt: AnchorReceipt, trust: TrustFile): Promise<string> {
  const check = seam.check(receipt, trust)
  return within(
    check.then(
      ({ status }) => status,
      (error: unknown) => `an exception: ${inspect(error)}`,
    ),
    'check',
  )
}

async function expectStatus(
  seam: AuditAnchor,
  receipt: AnchorReceipt,
  trust: TrustFile,
  allowed: readonly string[],
  what: string,
): Promise<void> {
  const status = await statusOf(seam, receipt, trust)
  if (!allowed.includes(status)) fail(`${what}: expected ${allowed.join(' or ')}, got ${status}`)
}

const pass = ['pass']
const neverPass = ['fail', 'not-checked']

async function taken(seam: AuditAnchor, size = 7, of: Log = log()) {
  const head = await of.head(size)
  const receipt = await within(seam.anchor(head), `anchor at ${size}`)
  return { head, receipt, trust: of.trust(), log: of }
}

/** Every behaviour of an anchor. */
export const anchorCases: readonly Case<AuditAnchor>[] = [
  identityCase('anchor/v1', ({ guarantees }) => {
    expectClaim(guarantees.beyondOperator, 'beyondOperator')
    expectClaim(guarantees.time, 'time')
  }),
  {
    id: 'anchor/receipt',
    about: 'a receipt states the anchor and the checkpoint, and is the same after it was kept as JSON',
    async run({ seam }) {
      const { head, receipt } = await taken(seam)
      const { v, kind, name, size, root, at } = receipt
      expectEqual([v, kind, name], [1, seam.kind, seam.name], 'version and anchor')
      expectEqual([receipt.origin, size, root], [head.origin, head.size, head.root], 'head')
      if (!Number.isSafeInteger(at) || at < 0) fail(`at is ${inspect(at)}`)
      throughJson(receipt, 'the receipt')
    },
  },
  {
    id: 'anchor/passes',
    about: 'a receipt passes where the key of the log is trusted, after it was kept and after a restart too',
    async run(subject) {
      const { seam } = subject
      const { receipt, trust } = await taken(seam)
      await expectStatus(seam, receipt, trust, pass, 'the receipt')
      await expectStatus(seam, throughJson(receipt, 'the receipt'), trust, pass, 'the receipt from JSON')
      const again = await subject.reopen?.()
      if (again !== undefined)
        await expectStatus(again, throughJson(receipt, 'the receipt'), trust, pass, 'after a restart')
    },
  },
  {
    id: 'anchor/idempotent',
    about: 'the same checkpoint may be left again, and both receipts pass',
    async run({ seam }) {
      const { head, receipt, trust } = await taken(seam)
      const again = await within(seam.anchor(head), 'anchor again')
      await expectStatus(seam, again, trust, pass, 'the second receipt')
      await expectStatus(seam, receipt, trust, pass, 'the first receipt')
      expectEqual(await seam.latest(origin), head, 'the newest')
    },
  },
  {
    id: 'anchor/contradiction',
    about: 'another head of the same size is INTEGRITY, and the first stays',
    async run({ seam }) {
      const { head, receipt, trust, log: own } = await taken(seam)
      const fork = await own.head(7, '2')
      await expectCode('INTEGRITY', () => seam.anchor(fork), 'a fork')
      expectEqual(await seam.latest(origin), head, 'the newest')
      await expectStatus(seam, receipt, trust, pass, 'the receipt of the first')
    },
  },
  {
    id: 'anchor/forks-at-once',
    about: 'of two forks at once exactly one is taken',
    async run({ seam }) {
      const own = log()
      const heads = await Promise.all(['1', '2'].map((digit) => own.head(7, digit)))
      const outcomes = await within(Promise.allSettled(heads.map((head) => seam.anchor(head))), 'both', 30_000)
      const kept = outcomes.filter(({ status }) => status === 'fulfilled')
      expectEqual(kept.length, 1, 'heads that were taken')
    },
  },
  {
    id: 'anchor/stated',
    about: 'a note that does not state its checkpoint is INVALID_INPUT, and nothing is left',
    async run({ seam }) {
      const head = await log().head(7)
      const wrong = [{ size: 8 }, { root: '2'.repeat(64) }, { origin: otherOrigin }, { note: 'x' }, { note: '' }]
      for (const change of wrong)
        await expectCode('INVALID_INPUT', () => seam.anchor({ ...head, ...change }), inspect(change))
      expectEqual([await seam.latest(origin), await seam.latest(otherOrigin)], [undefined, undefined], 'what is there')
    },
  },
  {
    id: 'anchor/latest',
    about: 'the newest is the one of the largest size, byte for byte, whatever the order, after a restart too',
    async run(subject) {
      const { seam } = subject
      expectEqual(await within(seam.latest(origin), 'latest'), undefined, 'the newest of none')
      const own = log()
      for (const size of [9, 10, 1_000_000, 99, 0]) await within(seam.anchor(await own.head(size)), `anchor at ${size}`)
      const newest = await own.head(1_000_000)
      expectEqual(await seam.latest(origin), newest, 'the newest')
      const again = await subject.reopen?.()
      if (again !== undefined) expectEqual(await again.latest(origin), newest, 'the newest after a restart')
    },
  },
  {
    id: 'anchor/logs-apart',
    about: 'logs do not answer for each other',
    async run({ seam }) {
      const one = await taken(seam, 7)
      const two = await taken(seam, 9, log(otherOrigin))
      expectEqual(await seam.latest(origin), one.head, 'the newest of the first')
      expectEqual(await seam.latest(otherOrigin), two.head, 'the newest of the second')
      await expectStatus(seam, one.receipt, two.trust, neverPass, 'the first by the key of the second')
      await expectStatus(
        seam,
        { ...one.receipt, origin: otherOrigin },
        two.trust,
        neverPass,
        'a receipt of another log',
      )
    },
  },
  {
    id: 'anchor/other-checkpoint',
    about: 'a receipt that was changed to state another head does not pass',
    async run({ seam }) {
      const { receipt, trust, log: own } = await taken(seam)
      await seam.anchor(await own.head(8, '2'))
      for (const change of [{ size: 8 }, { root: '2'.repeat(64) }, { size: 8, root: '2'.repeat(64) }, { size: 6 }])
        await expectStatus(seam, { ...receipt, ...change }, trust, neverPass, inspect(change))
    },
  },
  {
    id: 'anchor/other-anchor',
    about: 'a receipt of another anchor was not checked',
    async run({ seam }) {
      const { receipt, trust } = await taken(seam)
      await expectStatus(seam, { ...receipt, kind: 'another' }, trust, ['not-checked'], 'another kind')
      await expectStatus(seam, { ...receipt, name: 'another' }, trust, ['not-checked'], 'another name')
    },
  },
  {
    id: 'anchor/trust',
    about: 'without a trusted key nothing passes: none, another, one of another role, log or date, one that is no key',
    async run({ seam }) {
      const { receipt, trust, log: own } = await taken(seam)
      await expectStatus(seam, receipt, trusting([]), ['not-checked'], 'no key')
      await expectStatus(seam, receipt, own.trust({ role: 'export' }), neverPass, 'a key of another role')
      await expectStatus(seam, receipt, log().trust(), ['fail'], 'another key')
      await expectStatus(seam, receipt, own.trust({ origin: otherOrigin }), neverPass, 'a key of another log')
      await expectStatus(seam, receipt, own.trust({ key: 'x' }), neverPass, 'a key that is none')
      const compromised = own.trust({ compromisedSince: '2000-01-01T00:00:00Z' })
      await expectStatus(seam, receipt, compromised, neverPass, 'a key that was compromised before')
      await expectStatus(seam, receipt, trust, pass, 'the right key')
    },
  },
  {
    id: 'anchor/hostile-receipts',
    about: 'a receipt with anything in it never passes and is never an exception',
    async run({ seam }) {
      const { receipt, trust } = await taken(seam)
      const bodies = [null, true, 7, 'x', [], {}, [receipt.body], { sha256: 7 }, { ['__proto__']: receipt.body }]
      for (const body of bodies) {
        if (inspect(body) === inspect(receipt.body)) continue
        await expectStatus(seam, { ...receipt, body }, trust, neverPass, `body ${inspect(body)}`)
      }
      for (const size of [-1, 0.5, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])
        await expectStatus(seam, { ...receipt, size }, trust, neverPass, `size ${size}`)
      for (const text of ['', '..', '../../../etc/passwd', '\0', '__proto__', 'x'.repeat(100_000)]) {
        await expectStatus(seam, { ...receipt, origin: text }, trust, neverPass, `origin ${inspect(text.slice(0, 40))}`)
        await expectStatus(seam, { ...receipt, root: text }, trust, neverPass, `root ${inspect(text.slice(0, 40))}`)
      }
    },
  },
  {
    id: 'anchor/hostile-origins',
    about: 'an origin that is no name leads nowhere',
    async run({ seam }) {
      await taken(seam)
      for (const text of ['', '.', '..', '../..', '/', '/etc', '\0', '*', '__proto__', 'x'.repeat(10_000)]) {
        const found = await within(
          seam.latest(text).catch((error: unknown) => {
            if (isSeamError(error) && error.code === 'INVALID_INPUT') return undefined
            return fail(`${inspect(text.slice(0, 40))}: ${inspect(error)}`)
          }),
          'latest',
        )
        expectEqual(found, undefined, `the newest of ${inspect(text.slice(0, 40))}`)
      }
    },
  },
  {
    id: 'anchor/damaged',
    about: 'where what was left was changed, its receipt fails and it is not the newest',
    skip: ({ guarantees }) => (guarantees.beyondOperator.value ? 'what is left can not be changed' : undefined),
    async run(subject) {
      const { seam } = subject
      const { head, receipt, trust } = await taken(seam)
      await attackable(subject).damage(receipt)
      await expectStatus(seam, receipt, trust, ['fail'], 'the receipt')
      const newest = await within(
        seam.latest(origin).catch((error: unknown) => (isSeamError(error) ? error.code : fail(inspect(error)))),
        'latest',
      )
      if (newest === undefined) fail('what was changed is taken for nothing')
      if (typeof newest === 'object') expectEqual(newest, head, 'the newest')
    },
  },
  {
    id: 'anchor/removed',
    about: 'where what was left is gone, its receipt fails',
    skip: ({ guarantees }) => (guarantees.beyondOperator.value ? 'what is left can not be removed' : undefined),
    async run(subject) {
      const { receipt, trust } = await taken(subject.seam)
      await attackable(subject).remove(receipt)
      await expectStatus(subject.seam, receipt, trust, ['fail'], 'the receipt')
    },
  },
  {
    id: 'anchor/at-once',
    about: 'eight checkpoints at once are all there, and the newest is the largest',
    async run({ seam }) {
      const own = log()
      const heads = await Promise.all(Array.from({ length: 8 }, (_, at) => own.head(at + 1)))
      const receipts = await within(together(heads.map((head) => seam.anchor(head))), 'eight at once', 60_000)
      for (const [at, receipt] of receipts.entries()) {
        expectEqual(receipt.size, at + 1, 'size of a receipt')
        await expectStatus(seam, receipt, own.trust(), pass, `the receipt at ${at + 1}`)
      }
      expectEqual((await seam.latest(origin))?.size, 8, 'size of the newest')
    },
  },
  {
    id: 'anchor/abort',
    about: 'an aborted call is ABORTED and leaves nothing, and the next one works',
    async run({ seam }) {
      const own = log()
      const head = await own.head(7)
      const signal = AbortSignal.abort()
      await expectCode('ABORTED', () => seam.anchor(head, { signal }), 'anchor')
      await expectCode('ABORTED', () => seam.latest(origin, { signal }), 'latest')
      expectEqual(await seam.latest(origin), undefined, 'what an aborted call left')
      const receipt = await within(seam.anchor(head), 'anchor')
      await expectCode('ABORTED', () => seam.check(receipt, own.trust(), { signal }), 'check')
      await expectStatus(seam, receipt, own.trust(), pass, 'the receipt')
    },
  },
]
