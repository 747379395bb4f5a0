import type { VerifyReport } from '@seamark/core'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeImage } from '../../../apps/server/test/grounds.ts'
import { begin, NODE } from '../../../apps/server/test/seamark.ts'
import { planFor } from '../../demo/src/place.ts'

const root = join(import.meta.dirname, '../../..')
const config = join(import.meta.dirname, '../src/docker.config.ts')

let engine: DockerEngine & RunningServer
let dir = ''
let env: Readonly<Record<string, string>> = {}
beforeAll(async () => {
  engine = await startDocker()
  dir = mkdtempSync(join(tmpdir(), 'seamark-on-docker-'))
  env = { SEAMARK_IMAGE: makeImage(engine.socketPath), SEAMARK_DOCKER_SOCKET: engine.socketPath }
}, 180_000)
afterAll(async () => {
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
}, 60_000)

const inDir = (name: string) => join(dir, name)
const seamark = async (...argv: string[]): Promise<string> => {
  const { code, out, err } = await begin(root, [...NODE, ...argv, '--config', config, '--data', inDir('data')], env)
    .ended
  return code === 0 ? out : expect.fail(`${argv.join(' ')}: ${code}: ${out}${err}`)
}

describe('on Docker, with an image of this machine’s own programs', { timeout: 240_000 }, () => {
  it('the doctor says what runs attempts, and that it can', async () => {
    const report = JSON.parse(await seamark('doctor', '--json'))
    expect(report.findings).toContainEqual(expect.objectContaining({ id: 'executor.docker', status: 'ok' }))
    const { kind, guarantees } = report.seams.find(({ seam }: { seam: string }) => seam === 'executors')
    expect([kind, guarantees.isolation.value]).toEqual(['docker', 'container'])
  })

  it('the plan of the demo runs, and its evidence verifies', async () => {
    const plan = planFor(root, { own: false, sandbox: true }).replace(/^defaults:$/m, 'defaults:\n  executor: docker')
    writeFileSync(inDir('plan.yaml'), plan)
    await seamark('run', inDir('plan.yaml'), '--json')
    const { run, items } = JSON.parse(await seamark('status', 'last', '--json'))
    expect(run).toMatchObject({ status: 'succeeded', items: 6, settled: { succeeded: 6 } })
    expect(items.every(({ executor }: { executor: string }) => executor === 'docker')).toBe(true)
    await seamark('keys', 'export', '-o', inDir('trust.json'))
    await seamark('evidence', 'export', 'last', '-o', inDir('evidence.tar'))
    const said = await seamark('verify', inDir('evidence.tar'), '--trust', inDir('trust.json'), '--json')
    const report: VerifyReport = JSON.parse(said)
    expect(report).toMatchObject({ verdict: 'verified', exitCode: 0, run: { status: 'succeeded', items: 6 } })
    expect(readFileSync(inDir('evidence.tar')).includes(env['SEAMARK_IMAGE'] ?? '-')).toBe(true)
  })
})
