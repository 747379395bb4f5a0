import type { ExecutorGuarantees } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { borneOut, probeDigest } from '../src/index.ts'
import type { Probe, ProbeReport } from '../src/index.ts'

const none = { value: 'none', proof: 'unproven' } as const
const declared: ExecutorGuarantees = {
  isolation: { value: 'container', proof: 'tested' },
  network: { value: 'none', proof: 'tested' },
  filesystem: 'private',
  tree: { value: 'proven', proof: 'tested' },
  limits: { cpu: none, memory: none, pids: none, disk: none, wallClock: { value: 'enforced', proof: 'tested' } },
  input: true,
  outlivesService: true,
}

function report(...escaped: string[]): ProbeReport {
  const ids = ['file/read-host', 'network/address', 'tree/left-behind', 'kernel/bpf']
  const probes = ids.map((id): Probe => ({ id, about: 'x', outcome: escaped.includes(id) ? 'escaped' : 'held' }))
  const host = { platform: 'linux', arch: 'x64', kernel: '6.1', root: true }
  return { version: 1, executor: { kind: 'sandbox', name: 'sandbox' }, host, at: 1, probes }
}

describe('what a report bears out', () => {
  it('is what was declared, and probed, where all held', () => {
    expect(borneOut(declared, report())).toEqual({
      ...declared,
      isolation: { value: 'container', proof: 'probed' },
      network: { value: 'none', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
    })
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

describe('the digest of a report', () => {
  it('changes with what it says', () => {
    expect(probeDigest(report())).toMatch(/^[0-9a-f]{64}$/)
    expect(probeDigest(report())).toBe(probeDigest(report()))
    expect(probeDigest(report('kernel/bpf'))).not.toBe(probeDigest(report()))
    expect(probeDigest({ ...report(), at: 2 })).not.toBe(probeDigest(report()))
  })
})
