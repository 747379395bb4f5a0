import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Problem, VerifyReport } from '@seamark/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { begin, NODE, runs, until } from '../../../apps/server/test/seamark.ts'
import type { Ended } from '../../../apps/server/test/seamark.ts'
import { planFor } from '../../demo/src/place.ts'
import { startCloud } from './cloud.ts'
import type { Cloud } from './cloud.ts'

const root = join(import.meta.dirname, '../../..')

let cloud: Cloud
let dir = ''
let env: Readonly<Record<string, string>> = {}
beforeAll(async () => {
  cloud = await startCloud()
}, 180_000)
afterAll(() => cloud.stop())
async function enter(): Promise<void> {
  dir = mkdtempSync(join(tmpdir(), 'seamark-composition-'))
  env = await cloud.fresh(dir)
  // The repository that is shipped: the same work, whatever this checkout is.
  writeFileSync(join(dir, 'plan.yaml'), planFor(root, { own: false, sandbox: true }))
}
async function leave(): Promise<void> {
  await until(() => !runs(dir))
  rmSync(dir, { recursive: true, force: true })
}
beforeEach(enter)
afterEach(leave)

const inDir = (name: string) => join(dir, name)
const example = (name: string) => join(import.meta.dirname, '../src', `${name}.config.ts`)
const seamark = (config: string, ...argv: string[]): Promise<Ended> =>
  begin(root, [...NODE, ...argv, '--config', config, '--data', inDir('data')], env).ended
const text = ({ code, out, err }: Ended): string => (code === 0 ? out : expect.fail(`${code}: ${out}${err}`))
const operations = () => new Set(cloud.kms.calls.map(({ operation }) => operation))

/** Runs the demo's plan to its end, exports the evidence and verifies it against the keys of the log. */
async function demo(config: string): Promise<VerifyReport> {
  text(await seamark(config, 'run', inDir('plan.yaml'), '--json'))
  const { run, items } = JSON.parse(text(await seamark(config, 'status', 'last', '--json')))
  expect(run).toMatchObject({ status: 'succeeded', items: 6, settled: { succeeded: 6 } })
  expect(items.every(({ executor }: { executor: string }) => executor === 'sandbox')).toBe(true)
  text(await seamark(config, 'keys', 'export', '-o', inDir('trust.json')))
  text(await seamark(config, 'evidence', 'export', 'last', '-o', inDir('evidence.tar')))
  const verified = await seamark('none', 'verify', inDir('evidence.tar'), '--trust', inDir('trust.json'), '--json')
  return JSON.parse(text(verified))
}

/** What a report says of a bundle, but for what differs from run to run and what anchors add. */
function essence({ verdict, checks, properties }: VerifyReport) {
  const ofAnchors = new Set(['receipts.checkpoint', 'anchors'])
  const told = checks.filter(({ id }) => !ofAnchors.has(id)).map(({ id, status, code }) => ({ id, status, code }))
  const named = properties.filter(({ name }) => name !== 'existed-by' && name !== 'retained-until')
  return { verdict, checks: told, properties: named.map(({ name, status }) => ({ name, status })) }
}

describe('the plan of the demo', { timeout: 180_000 }, () => {
  let local: VerifyReport
  beforeAll(async () => {
    await enter()
    local = await demo('none')
    await leave()
  }, 180_000)
  const asLocal = (report: VerifyReport) => {
    expect(report.verdict).toBe('verified')
    expect(essence(report)).toEqual(essence(local))
  }

  it('runs and verifies with nothing configured', () => {
    expect(local).toMatchObject({ verdict: 'verified', exitCode: 0, run: { status: 'succeeded', items: 6 } })
  })

  it('alike with blobs in S3', async () => {
    asLocal(await demo(example('s3-storage')))
    expect((await cloud.keysIn(env['SEAMARK_BUCKET'])).some((key) => key.startsWith('default/'))).toBe(true)
    expect(existsSync(inDir('data/storage'))).toBe(false)
    const report = JSON.parse(text(await seamark(example('s3-storage'), 'doctor', '--json')))
    expect(report.findings).toContainEqual(expect.objectContaining({ id: 'ready.storage', status: 'ok' }))
    const { guarantees } = report.seams.find(({ seam }: { seam: string }) => seam === 'storage')
    // What the server really keeps was found out by asking it.
    expect(guarantees.conditionalWrite).toEqual({ value: false, proof: 'probed' })
  })

  it('alike with checkpoints signed in KMS', async () => {
    asLocal(await demo(example('kms-signer')))
    expect(operations()).toContain('Sign')
    expect(existsSync(inDir('data/keys/log.pem'))).toBe(false)
  })

  it('alike with checkpoints left under Object Lock', async () => {
    const report = await demo(example('object-lock-anchor'))
    asLocal(report)
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'receipts.checkpoint', status: 'pass' }))
    const online = ['verify', inDir('evidence.tar'), '--trust', inDir('trust.json'), '--online', '--json']
    const asked: VerifyReport = JSON.parse(text(await seamark(example('object-lock-anchor'), ...online)))
    asLocal(asked)
    expect(asked.checks).toContainEqual(expect.objectContaining({ id: 'anchors', status: 'pass' }))
    expect(asked.properties).toContainEqual(expect.objectContaining({ name: 'retained-until', status: 'pass' }))
  })

  it('alike with the log in PostgreSQL', async () => {
    asLocal(await demo(example('postgres-journal')))
    expect(existsSync(inDir('data/journal'))).toBe(false)
    expect(existsSync(inDir('checkpoints/default.checkpoint.json'))).toBe(true)
  })

  it('alike with all four', async () => {
    const report = await demo(example('all-four'))
    asLocal(report)
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'receipts.checkpoint', status: 'pass' }))
    expect((await cloud.keysIn(env['SEAMARK_BUCKET'])).length).toBeGreaterThan(0)
    expect((await cloud.keysIn(env['SEAMARK_WORM_BUCKET'])).length).toBeGreaterThan(0)
    for (const name of ['journal', 'storage', 'keys/log.pem']) expect(existsSync(inDir(`data/${name}`))).toBe(false)
  })

  it('alike with all four, encrypted', async () => {
    asLocal(await demo(example('encrypted')))
    expect(operations()).toContain('GenerateDataKey')
    // With the keys gone nothing can be read, and the evidence that was exported before still verifies.
    cloud.kms.run('DisableKey', { KeyId: env['SEAMARK_DATA_KEY'] })
    expect((await seamark(example('encrypted'), 'patch', 'last', 'contents')).code).toBe(9)
    text(await seamark('none', 'verify', inDir('evidence.tar'), '--trust', inDir('trust.json')))
  })
})

describe('a start', () => {
  const refused = async (config: string): Promise<{ code: number | null; problems: readonly Problem[] }> => {
    const { code, err } = await seamark(config, 'run', inDir('plan.yaml'), '--json')
    return { code, problems: JSON.parse(err.trim().split('\n').at(-1) ?? '').error.problems }
  }

  it('is refused for every part that can not work, all at once', async () => {
    env = { ...env, SEAMARK_BUCKET: `b-none-${process.pid}`, SEAMARK_WORM_BUCKET: env['SEAMARK_BUCKET'] ?? '' }
    expect(await refused(example('all-four'))).toMatchObject({
      code: 4,
      problems: [
        { code: 'NOT_FOUND', place: { pointer: '/storage/bucket' }, remedy: expect.any(String) },
        { code: 'UNSUPPORTED', place: { pointer: '/anchors/0/bucket' }, remedy: expect.any(String) },
      ],
    })
    expect(existsSync(inDir('data/journal'))).toBe(false)
  })

  it('is refused for what is required and was found not to be kept', async () => {
    const config = inDir('strict.config.ts')
    const s3 = JSON.stringify(join(root, 'packages/storage-s3/src/index.ts'))
    writeFileSync(
      config,
      `import { s3Storage } from ${s3}
export default {
  storage: s3Storage({ bucket: ${JSON.stringify(env['SEAMARK_BUCKET'])} }),
  require: { storage: { conditionalWrite: true } },
}`,
    )
    expect(await refused(config)).toMatchObject({
      code: 7,
      problems: [{ code: 'UNSUPPORTED', place: { pointer: '/storage' } }],
    })
  })

  it('names the variable that an example is not told', async () => {
    env = { ...env, SEAMARK_BUCKET: '' }
    const { code, problems } = await refused(example('s3-storage'))
    expect({ code, problems }).toMatchObject({
      code: 2,
      problems: [{ message: expect.stringContaining('SEAMARK_BUCKET') }],
    })
  })
})
