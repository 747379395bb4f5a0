import type { ExecutorGuarantees } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { memorySigner } from '@seamark/testing'
import {
  borneOut,
  hostHere,
  openReport,
  probeDigest,
  signReport,
  stillHolds,
  takenAway,
  unverifiedReport,
} from '../src/index.ts'
import type { Probe, ProbeReport } from '../src/index.ts'

const none = { value: 'none', proof: 'unproven' } as const
const tested = <T>(value: T) => ({ value, proof: 'tested' }) as const
const declared: ExecutorGuarantees = {
  isolation: { value: 'container', proof: 'tested' },
  network: { value: 'none', proof: 'tested' },
  filesystem: 'private',
  tree: { value: 'proven', proof: 'tested' },
  limits: { cpu: none, memory: tested('enforced'), pids: none, disk: tested('watched'), wallClock: tested('enforced') },
  input: true,
  outlivesService: true,
}

function report(...escaped: string[]): ProbeReport {
  const ids = ['file/read-host', 'network/address', 'tree/left-behind', 'kernel/bpf', 'limit/memory', 'limit/disk']
  const probes = ids.map((id): Probe => ({ id, about: 'x', outcome: escaped.includes(id) ? 'escaped' : 'held' }))
  probes.push({ id: 'limit/pids', about: 'x', outcome: 'not-tried' })
  const host = { platform: 'linux', arch: 'x64', kernel: '6.1', root: true }
  return { version: 1, executor: { kind: 'sandbox', name: 'sandbox' }, host, basis: { engine: 'e 1' }, at: 1, probes }
}

describe('what a report bears out', () => {
  it('is what was declared, and probed, where all held', () => {
    expect(borneOut(declared, report())).toEqual({
      ...declared,
      isolation: { value: 'container', proof: 'probed' },
      network: { value: 'none', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
      limits: {
        ...declared.limits,
        memory: { value: 'enforced', proof: 'probed' },
        disk: { value: 'watched', proof: 'probed' },
      },
    })
  })

  it('loses a limit that was gone over, and not the isolation', () => {
    const left = borneOut(declared, report('limit/memory'))
    expect(left.limits).toEqual({ ...borneOut(declared, report()).limits, memory: { value: 'none', proof: 'probed' } })
    expect(left.isolation).toEqual({ value: 'container', proof: 'probed' })
  })

  it.each([
    ['file/read-host', { isolation: { value: 'none', proof: 'probed' } }],
    ['kernel/bpf', { isolation: { value: 'none', proof: 'probed' } }],
    ['network/address', { network: { value: 'host', proof: 'probed' } }],
    ['tree/left-behind', { tree: { value: 'best-effort', proof: 'probed' } }],
  ] as const)('loses what %s took away, and nothing else', (id, lost) => {
    expect(borneOut(declared, report(id))).toEqual({ ...borneOut(declared, report()), ...lost })
  })

  it('never promises more than was declared', () => {
    const open = { ...declared, isolation: none, network: { value: 'host', proof: 'tested' } } as const
    expect(borneOut(open, report())).toMatchObject({ isolation: { value: 'none' }, network: { value: 'host' } })
  })
})

describe('a report that can not be checked', () => {
  it('takes away what escaped and proves nothing', () => {
    expect(takenAway(declared, report())).toEqual(declared)
    expect(takenAway(declared, report('kernel/bpf', 'limit/memory'))).toEqual({
      ...declared,
      isolation: { value: 'none', proof: 'probed' },
      limits: { ...declared.limits, memory: { value: 'none', proof: 'probed' } },
    })
  })

  it('is read whoever signed it, and not where it is none', () => {
    const text = (report: unknown) => JSON.stringify({ version: 1, report, signature: 'x', keyId: 'k' })
    expect(unverifiedReport(text(report()))).toEqual(report())
    for (const wrong of ['', '{', 'null', text(null), text({ ...report(), probes: [null] }), text({ version: 1 })])
      expect(unverifiedReport(wrong)).toBeUndefined()
  })
})

describe('what was not tried', () => {
  it('keeps the proof that it had', () => {
    const { probes } = report()
    const untried = { probes: probes.map((probe): Probe => ({ ...probe, outcome: 'not-tried' })) }
    expect(borneOut(declared, untried)).toEqual(declared)
  })
})

describe('the digest of a report', () => {
  it('changes with what it says', () => {
    expect(probeDigest(report())).toMatch(/^[0-9a-f]{64}$/)
    expect(probeDigest(report())).toBe(probeDigest(report()))
    expect(probeDigest(report('kernel/bpf'))).not.toBe(probeDigest(report()))
    expect(probeDigest({ ...report(), at: 2 })).not.toBe(probeDigest(report()))
  })
})

describe('a signed report', () => {
  const signer = memorySigner('export')
  const open = async (text: string) => openReport(text, await signer.publicKey())

  it('is what was signed, with the key of role export', async () => {
    expect(await open(await signReport(report('kernel/bpf'), signer))).toEqual(report('kernel/bpf'))
    await expect(signReport(report(), memorySigner('log'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('counts for nothing where anything of it was changed, or another key signed it', async () => {
    const text = await signReport(report('kernel/bpf'), signer)
    for (const other of [
      text.replace('escaped', 'held'),
      text.replace('"at":1', '"at":2'),
      text.replace('e 1', 'e 2'),
      await signReport(report(), memorySigner('export')),
      '{}',
      'null',
      '',
    ])
      await expect(open(other)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('holds for the same executor, made with the same things, on the same system', () => {
    const executor = { kind: 'sandbox', name: 'sandbox' }
    const { host, basis } = report()
    expect(stillHolds(report(), executor, basis, host)).toBe(true)
    expect(stillHolds(report(), { ...executor, name: 'other' }, basis, host)).toBe(false)
    expect(stillHolds(report(), executor, { engine: 'e 2' }, host)).toBe(false)
    expect(stillHolds(report(), executor, { ...basis, image: 'i' }, host)).toBe(false)
    expect(stillHolds(report(), executor, {}, host)).toBe(false)
    for (const change of [{ kernel: '6.2' }, { root: false }, { arch: 'arm64' }, { platform: 'darwin' }])
      expect(stillHolds(report(), executor, basis, { ...host, ...change })).toBe(false)
    expect(hostHere().platform).toBe(process.platform)
  })
})
