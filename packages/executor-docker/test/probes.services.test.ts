import { borneOut, probeExecutor } from '@seamark/probes'
import type { ProbeReport } from '@seamark/probes'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerExecutor } from '../src/index.ts'

const makeImage = join(import.meta.dirname, '../bin/make-image.sh')
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-docker-probes-')))
let engine: DockerEngine & RunningServer
let image = ''
beforeAll(async () => {
  engine = await startDocker()
  image = execFileSync(
    makeImage,
    ['seamark-probes:1', 'sh', 'node', 'perl', 'mount', 'unshare', 'cat', 'sleep', 'mknod'],
    {
      encoding: 'utf8',
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        DOCKER_HOST: `unix://${engine.socketPath}`,
      },
    },
  ).trim()
}, 120_000)
afterAll(async () => {
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
}, 60_000)

const escapes = ({ probes }: ProbeReport): string[] =>
  probes.filter(({ outcome }) => outcome === 'escaped').map(({ id }) => id)

describe('the probes', { timeout: 120_000 }, () => {
  it('find no way out of a container', async () => {
    const executor = dockerExecutor({ socketPath: engine.socketPath, image, requireDigest: true })
    const report = await probeExecutor(executor, { dir, now: 1 })
    await executor.close?.()
    expect(escapes(report)).toEqual([])
    expect(report.basis).toMatchObject({ image, runtime: 'runc' })
    expect(report.probes.filter(({ outcome }) => outcome === 'not-tried').map(({ id }) => id)).toEqual([])
    expect(borneOut(executor.guarantees, report)).toMatchObject({
      isolation: { value: 'container', proof: 'probed' },
      network: { value: 'none', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
    })
  })

  it('take from gVisor what they can not see held', async () => {
    const executor = dockerExecutor({ socketPath: engine.socketPath, image, deployment: 'gvisor', runtime: 'runsc' })
    const report = await probeExecutor(executor, { dir, now: 1 })
    await executor.close?.()
    // No filter is in force, its own kernel answers, and what it does not show counts as not there.
    expect(new Set(escapes(report))).toEqual(
      new Set([
        'file/devices',
        'network/vsock',
        'privilege/capabilities',
        'privilege/new',
        'kernel/filter',
        'kernel/io-uring',
        'kernel/perf',
      ]),
    )
    expect(borneOut(executor.guarantees, report)).toMatchObject({
      isolation: { value: 'none', proof: 'probed' },
      network: { value: 'host', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
    })
  })
})
