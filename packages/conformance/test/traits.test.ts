import type { Signer } from '@seamark/core'
import { memorySigner } from '@seamark/testing'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runSuite, underTraits } from '../src/index.ts'
import type { Subject, TraitId } from '../src/index.ts'
import { signerSuite } from '../src/signer.ts'

const only = { ...signerSuite, cases: signerSuite.cases.filter(({ id }) => id === 'signer/verifies') }

async function outcomes(make: () => Promise<Subject<Signer>>): Promise<Record<string, string>> {
  const results = await runSuite(underTraits(only, make), make)
  return Object.fromEntries(results.map(({ id, outcome }) => [id.split('+')[1], outcome]))
}
const all = (outcome: string, but: Partial<Record<TraitId, string>> = {}) => ({
  detached: outcome,
  reopened: outcome,
  'aborted-before': outcome,
  'at-once': outcome,
  ...but,
})
const subject =
  (seam: Signer, reopened: Signer = seam) =>
  async () => ({
    seam,
    reopen: async () => reopened,
    dispose: async () => undefined,
  })

describe('traits', () => {
  it('let a right signer pass', async () => {
    expect(await outcomes(subject(memorySigner()))).toEqual(all('passed'))
  })

  it('are skipped where there is nothing to open again', async () => {
    const seam = memorySigner()
    const found = await outcomes(async () => ({ seam, dispose: async () => undefined }))
    expect(found).toEqual(all('passed', { reopened: 'skipped' }))
  })

  it('find what needs its object', async () => {
    const right = memorySigner()
    const seam: Signer = {
      ...right,
      sign(...args) {
        return this.role === 'log' ? right.sign(...args) : Promise.reject(new Error('another role'))
      },
    }
    expect(await outcomes(subject(seam))).toEqual(all('passed', { detached: 'failed' }))
  })

  it('find what is broken once it was stopped', async () => {
    const seam = memorySigner()
    const stopped: Signer = { ...seam, sign: () => Promise.reject(new Error('stopped')) }
    expect(await outcomes(subject(seam, stopped))).toEqual(all('passed', { reopened: 'failed' }))
  })

  it('find what does not look at the signal', async () => {
    const right = memorySigner()
    const seam: Signer = { ...right, sign: (bytes) => right.sign(bytes) }
    expect(await outcomes(subject(seam))).toEqual(all('passed', { 'aborted-before': 'failed' }))
  })

  it('find what instances share', async () => {
    let last = memorySigner()
    const make = async () => {
      const own = memorySigner()
      const seam: Signer = {
        ...own,
        async sign(bytes, options) {
          last = own
          await setImmediate()
          return last.sign(bytes, options)
        },
      }
      return subject(seam)()
    }
    expect(await outcomes(make)).toEqual(all('passed', { 'at-once': 'failed' }))
  })
})
