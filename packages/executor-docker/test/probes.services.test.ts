import { gatewayEgress } from '@seamark/gateway'
import type { GatewayEgress } from '@seamark/gateway'
import { borneOut, probeExecutor } from '@seamark/probes'
import type { ProbeReport } from '@seamark/probes'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
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

/** One that leads nowhere but to the public hosts of rules. */
function gateway(more: { readonly privateRanges?: readonly string[] } = {}): GatewayEgress {
  const resolve = async () => expect.fail('no rule injects')
  const egress = gatewayEgress({ resolve, onNotice: () => undefined, ...more })
  onTestFinished(() => egress.close())
  return egress
}

const waysOf = ({ probes }: ProbeReport): string[] =>
  probes.filter(({ id }) => id.startsWith('network/way/')).map(({ outcome }) => outcome)

describe('the probes', { timeout: 120_000 }, () => {
  it('find no way out of a container', async () => {
    const executor = dockerExecutor({ socketPath: engine.socketPath, image, requireDigest: true, dir })
    const report = await probeExecutor(executor, { dir, now: 1, egress: gateway() })
    await executor.close?.()
    expect(escapes(report)).toEqual([])
    expect(waysOf(report)).toEqual(Array.from({ length: 8 }, () => 'held'))
    expect(report.basis).toMatchObject({ image, runtime: 'runc' })
    expect(report.probes.filter(({ outcome }) => outcome === 'not-tried').map(({ id }) => id)).toEqual([])
    expect(borneOut(executor.guarantees, report)).toMatchObject({
      isolation: { value: 'container', proof: 'probed' },
      network: { value: 'none', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
    })
  })

  it('find a gateway that leads a container to the host', async () => {
    const executor = dockerExecutor({ socketPath: engine.socketPath, image, deployment: 'leads', dir })
    const egress = gateway({ privateRanges: ['127.0.0.0/8', '::1/128'] })
    const report = await probeExecutor(executor, { dir, now: 1, egress })
    await executor.close?.()
    expect(escapes(report)).toEqual(['network/way/arrived'])
  })

  it('take from gVisor what they can not see held', async () => {
    const executor = dockerExecutor({
      socketPath: engine.socketPath,
      image,
      deployment: 'gvisor',
      runtime: 'runsc',
      dir,
    })
    expect(executor.guarantees).not.toHaveProperty('noWayOut')
    expect(await executor.unavailable?.()).toBeUndefined()
    expect(executor.guarantees.noWayOut).toMatchObject({ code: 'UNSUPPORTED', remedy: expect.any(String) })
    const report = await probeExecutor(executor, { dir, now: 1, egress: gateway() })
    await executor.close?.()
    // Its engine runs it without --host-uds=open.
    expect(new Set(waysOf(report))).toEqual(new Set(['not-tried']))
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
