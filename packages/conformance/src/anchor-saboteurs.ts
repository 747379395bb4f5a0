import type { AnchorCheck, AnchorReceipt, AuditAnchor, Checkpoint } from '@seamark/core'
import { hasCode, SeamError } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (
  about: string,
  cases: readonly string[],
  change: (right: AuditAnchor) => Partial<AuditAnchor>,
): Saboteur<AuditAnchor> =>
  saboteur(
    about,
    cases.map((name) => `anchor/${name}`),
    change,
  )

/** Says `pass` wherever a predicate does, and the right thing elsewhere. */
const passing = (
  about: string,
  cases: readonly string[],
  when: (check: AnchorCheck, receipt: AnchorReceipt) => boolean,
): Saboteur<AuditAnchor> =>
  broken(about, cases, (right) => ({
    async check(receipt, trust, options) {
      const checked = await right.check(receipt, trust, options)
      return when(checked, receipt) ? { status: 'pass' } : checked
    },
  }))

/** Anchors that are broken in one way each. */
export const anchorSaboteurs: readonly Saboteur<AuditAnchor>[] = [
  broken('it has no kind', ['says-what-it-is'], () => ({ kind: '' })),
  broken('it signs its receipts with another name', ['receipt', 'passes'], (right) => ({
    anchor: async (checkpoint, options) => ({ ...(await right.anchor(checkpoint, options)), name: 'another' }),
  })),
  broken('its receipts can not be kept', ['receipt'], (right) => ({
    anchor: async (checkpoint, options) => ({ ...(await right.anchor(checkpoint, options)), at: Number.NaN }),
  })),
  broken('it takes no checkpoint twice', ['idempotent'], (right) => {
    const taken = new Set<string>()
    return {
      async anchor(checkpoint, options) {
        if (taken.has(checkpoint.note)) throw new SeamError('CONFLICT', 'It is there.')
        taken.add(checkpoint.note)
        return right.anchor(checkpoint, options)
      },
    }
  }),
  broken('it lets a second history pass', ['contradiction', 'forks-at-once'], (right) => ({
    async anchor(checkpoint, options) {
      try {
        return await right.anchor(checkpoint, options)
      } catch (error) {
        if (!hasCode(error, 'INTEGRITY')) throw error
        const { origin, size, root } = checkpoint
        return { v: 1, kind: right.kind, name: right.name, origin, size, root, at: 0, body: null }
      }
    },
  })),
  broken('it does not read notes', ['stated'], (right) => ({
    async anchor(checkpoint, options) {
      try {
        return await right.anchor(checkpoint, options)
      } catch (error) {
        if (!hasCode(error, 'INVALID_INPUT')) throw error
        const { origin, size, root } = checkpoint
        return { v: 1, kind: right.kind, name: right.name, origin, size, root, at: 0, body: null }
      }
    },
  })),
  broken('its newest is the last that came', ['latest'], (right) => {
    const last = new Map<string, Checkpoint>()
    return {
      async anchor(checkpoint, options) {
        const receipt = await right.anchor(checkpoint, options)
        last.set(checkpoint.origin, checkpoint)
        return receipt
      },
      latest: async (origin) => last.get(origin),
    }
  }),
  broken('it has one newest for all logs', ['logs-apart', 'hostile-origins'], (right) => {
    let last: Checkpoint | undefined
    return {
      async anchor(checkpoint, options) {
        const receipt = await right.anchor(checkpoint, options)
        last = checkpoint
        return receipt
      },
      latest: async () => last,
    }
  }),
  passing('it only looks whether something is there', ['other-checkpoint'], ({ reason }) =>
    ['other-checkpoint', 'changed', 'malformed-receipt', 'gone', 'not-found'].some((word) => word === reason),
  ),
  passing('it answers for every anchor', ['other-anchor'], ({ status }) => status === 'not-checked'),
  passing('it needs no key', ['trust'], ({ reason }) => reason === 'no-trusted-key'),
  passing('it takes any key', ['trust'], ({ reason }) => reason === 'not-signed-by-trusted-key'),
  passing('it takes compromised keys', ['trust'], ({ reason }) => reason === 'key-compromised'),
  passing('it does not read receipts', ['hostile-receipts'], (_, { body }) => typeof body !== 'object'),
  broken('it throws where it should tell', ['hostile-receipts', 'trust'], (right) => ({
    async check(receipt, trust, options) {
      const checked = await right.check(receipt, trust, options)
      if (checked.status === 'fail') throw new SeamError('INTEGRITY', 'It does not hold.')
      return checked
    },
  })),
  passing('what was changed passes', ['damaged'], ({ reason }) => reason === 'changed'),
  passing('what is gone passes', ['removed'], ({ reason }) => reason === 'gone'),
  broken('it mixes up who came when many do', ['at-once'], (right) => {
    let last: Checkpoint
    return {
      async anchor(checkpoint, options) {
        last = checkpoint
        await setImmediate()
        return right.anchor(last, options)
      },
    }
  }),
  broken('it does not look at the signal', ['abort'], (right) => ({
    anchor: (checkpoint) => right.anchor(checkpoint),
    check: (receipt, trust) => right.check(receipt, trust),
    latest: (origin) => right.latest(origin),
  })),
]
