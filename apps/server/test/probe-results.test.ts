import type { EgressSettings, Executor, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { hostHere, type Probe, type ProbeReport } from '@seamark/probes'
import { memoryExecutor, memorySigner } from '@seamark/testing'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { probeBasis, probeResults } from '../src/probe-results.ts'

const BASIS = probeBasis({})
const claim = <Value>(value: Value) => ({ value, proof: 'tested' }) as const
let basis: () => Promise<Readonly<Record<string, string>>>
const memory = memoryExecutor()
const executor: Executor = {
  ...memory,
  guarantees: { ...memory.guarantees, isolation: claim('namespace'), network: claim('none') },
  basis: () => basis(),
}

function report(outcome: Probe['outcome']): ProbeReport {
  const { kind, name } = executor
  const probes = [{ id: 'file/read-host', about: 'x', outcome }]
  return { version: 1, executor: { kind, name }, host: hostHere(), basis: { ...BASIS, made: 'a' }, at: 1, probes }
}

/** What an executor promises under a service, whose gateway has such settings, that starts where one before has kept a report. */
async function startedWith(outcome: Probe['outcome'], settings: EgressSettings = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-probed-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  basis = async () => ({ made: 'a' })
  const notices: Error[] = []
  const key = memorySigner('export')
  let away = false
  const signer: Signer = {
    ...key,
    async publicKey(options) {
      if (away) throw new SeamError('UNAVAILABLE', 'away')
      return key.publicKey(options)
    },
  }
  const open = (settings: EgressSettings) =>
    probeResults({
      dir,
      signer,
      basis: probeBasis(settings),
      executors: [executor],
      onNotice: (error) => notices.push(error),
    })
  await open({}).keep(report(outcome))
  const again = open(settings)
  const isolation = async () => {
    await again.refresh()
    return again.trusted(executor).guarantees.isolation
  }
  return { dir, again, isolation, notices, setAway: (is: boolean) => (away = is) }
}

it('what escaped says nothing of an executor that is made with something else', async () => {
  const there = await startedWith('escaped')
  basis = async () => ({ made: 'b' })
  expect(await there.isolation()).toEqual({ value: 'namespace', proof: 'tested' })
})

it('what held is probed for as long as it can be checked and the basis is the same', async () => {
  const there = await startedWith('held')
  expect(await there.isolation()).toEqual({ value: 'namespace', proof: 'probed' })
  expect(there.again.digestOf(executor.name)).toMatch(/^[0-9a-f]{64}$/)
  there.setAway(true)
  expect(await there.isolation()).toEqual({ value: 'namespace', proof: 'tested' })
  expect(there.again.digestOf(executor.name)).toBeUndefined()
  there.setAway(false)
  basis = async () => ({ made: 'b' })
  expect(await there.isolation()).toEqual({ value: 'namespace', proof: 'tested' })
})

it.each([
  [{ privateRanges: ['127.0.0.0/8'] }, 'tested'],
  [{ proxy: { host: '10.0.0.1', port: 3_128 } }, 'tested'],
  // Nothing is led elsewhere by it.
  [{ privateRanges: [], limits: { maxConnections: 64 }, credentials: { key: { way: 'bearer' } } }, 'probed'],
] satisfies [EgressSettings, string][])(
  'what held is probed only while the gateway leads where it led then: %j',
  async (settings, proof) => {
    expect(await (await startedWith('held', settings)).isolation()).toEqual({ value: 'namespace', proof })
  },
)

it('the order of what a gateway may lead to is nothing that a probe holds for', () => {
  const [a, b] = ['10.1.0.0/16', '10.2.0.0/16'] as const
  expect(probeBasis({ privateRanges: [a, b] })).toEqual(probeBasis({ privateRanges: [b, a, b] }))
})

it.each([
  ['the signer is away', (there) => void there.setAway(true)],
  ['the basis can not be had', () => void (basis = () => Promise.reject(new SeamError('TIMEOUT', 'slow')))],
  [
    'its file was changed',
    async (there) => {
      const [name = ''] = await readdir(there.dir)
      const changed = { version: 1, report: report('escaped'), signature: 'AA==', keyId: 'another' }
      await writeFile(join(there.dir, name), JSON.stringify(changed))
    },
  ],
] satisfies [string, (there: Awaited<ReturnType<typeof startedWith>>) => void | Promise<void>][])(
  'what escaped stays taken away where %s, until it is probed again',
  async (_what, change) => {
    const there = await startedWith('escaped')
    await change(there)
    expect(await there.isolation()).toEqual({ value: 'none', proof: 'probed' })
    await there.again.keep(report('held'))
    expect(there.again.trusted(executor).guarantees.isolation).toEqual({ value: 'namespace', proof: 'probed' })
  },
)
