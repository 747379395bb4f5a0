import type { Executor, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { hostHere, type Probe, type ProbeReport } from '@seamark/probes'
import { memoryExecutor, memorySigner } from '@seamark/testing'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { PROBE_BASIS, probeResults } from '../src/probe-results.ts'

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
  return { version: 1, executor: { kind, name }, host: hostHere(), basis: { ...PROBE_BASIS, made: 'a' }, at: 1, probes }
}

/** What an executor promises under a service that starts where one before has kept a report. */
async function startedWith(outcome: Probe['outcome']) {
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
  const open = () => probeResults({ dir, signer, executors: [executor], onNotice: (error) => notices.push(error) })
  await open().keep(report(outcome))
  const again = open()
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
