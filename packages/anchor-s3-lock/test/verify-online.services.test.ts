import type { TrustFile, VerifyReport } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { canonicalText } from '@seamark/log'
import { createRadosgwUser, sharedServer, wireTo } from '@seamark/testing-services'
import type { Radosgw } from '@seamark/testing-services'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { attacker } from './lock-port.ts'

const root = join(import.meta.dirname, '../../..')
const command = [process.execPath, '--conditions=source', join(root, 'apps/server/src/main.ts')] as const
const dayMs = 86_400_000

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

let radosgw: Radosgw
let attack: ReturnType<typeof attacker>
let dir: string
let bucket: string
let service: ChildProcess | undefined

/** Runs the command as a person would; the keys are those of his environment. */
function seamark(argv: readonly string[], keys: Keys = radosgw): Promise<{ code: number; out: string; err: string }> {
  const [node, ...rest] = command
  const { SEAMARK_DATA: _, SEAMARK_CONFIG: __, NODE_OPTIONS: ___, ...environment } = process.env
  const env = { ...environment, LOCK_KEY: keys.accessKeyId, LOCK_SECRET: keys.secretAccessKey }
  return new Promise((resolve) => {
    execFile(node, [...rest, ...argv], { cwd: dir, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
    )
  })
}

/** Writes a configuration with one anchor and gives its name. */
function configuration(name: string, change: { readonly bucket?: string; readonly endpoint?: string } = {}): string {
  const place = { bucket, endpoint: radosgw.endpoint, ...change }
  writeFileSync(
    join(dir, name),
    `import { s3LockAnchor } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
export default { anchors: [s3LockAnchor({
  ...${JSON.stringify(place)}, region: ${JSON.stringify(radosgw.region)}, pathStyle: true, retentionDays: 30, attempts: 2,
  credentials: { accessKeyId: process.env.LOCK_KEY, secretAccessKey: process.env.LOCK_SECRET },
})] }`,
  )
  return name
}

async function verified(config: string, bundle = 'bundle', keys?: Keys, trust = 'trust.json') {
  const { code, out, err } = await seamark(
    ['verify', bundle, '--trust', trust, '--online', '--config', config, '--json'],
    keys,
  )
  if (out === '') throw new Error(err)
  const report: VerifyReport = JSON.parse(out)
  return {
    code,
    report,
    check: report.checks.find(({ id }) => id === 'anchors'),
    retained: report.properties.find(({ name }) => name === 'retained-until'),
    says: report.anchors?.[0]?.check,
  }
}

/** The bundle with a receipt of the operator's own making, in a folder whose manifest is right again but signed by nobody. */
function forged(name: string, change: object): string {
  const folder = join(dir, name)
  cpSync(join(dir, 'bundle'), folder, { recursive: true })
  const path = 'receipts/s3-lock.json'
  const receipt = JSON.parse(readFileSync(join(folder, path), 'utf8'))
  const bytes = Buffer.from(canonicalText({ ...receipt, body: { ...receipt.body, ...change } }))
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  for (const file of manifest.files)
    if (file.path === path) Object.assign(file, { size: bytes.length, sha256: sha256Hex(bytes) })
  writeFileSync(join(folder, path), bytes)
  writeFileSync(join(folder, 'manifest.json'), canonicalText(manifest))
  rmSync(join(folder, 'manifest.sig'))
  return name
}

let audit: string
let at: { bucket: string; key: string; versionId: string }

beforeAll(async () => {
  radosgw = await sharedServer('radosgw')
  attack = attacker(radosgw)
  bucket = await attack.bucket({ lock: true })
  dir = mkdtempSync(join(tmpdir(), 'seamark-online-'))
  const operator = configuration('operator.config.ts')
  audit = configuration('audit.config.ts')
  writeFileSync(
    join(dir, 'plan.yaml'),
    'version: 1\ndefaults: { executor: process }\nitems: [{ id: a, run: "true" }]\n',
  )
  const named = ['--config', operator]
  const [node, ...rest] = command
  const env = { ...process.env, LOCK_KEY: radosgw.accessKeyId, LOCK_SECRET: radosgw.secretAccessKey }
  service = spawn(node, [...rest, 'serve', ...named], { cwd: dir, env, stdio: 'ignore' })
  const done = async (...argv: string[]): Promise<boolean> => (await seamark([...argv, ...named])).code === 0
  await vi.waitUntil(() => done('submit', 'plan.yaml', '--id', 'first'), { timeout: 30_000, interval: 200 })
  await done('keys', 'export', '-o', 'trust.json')
  // Until its seal is anchored, a bundle has no receipt.
  await vi.waitUntil(
    async () => {
      rmSync(join(dir, 'bundle'), { recursive: true, force: true })
      return (await done('evidence', 'export', 'first', '-o', 'bundle/')) && existsSync(join(dir, 'bundle/receipts'))
    },
    { timeout: 30_000, interval: 500 },
  )
  const { body } = JSON.parse(readFileSync(join(dir, 'bundle/receipts/s3-lock.json'), 'utf8'))
  at = body
  const trust: TrustFile = JSON.parse(readFileSync(join(dir, 'trust.json'), 'utf8'))
  const keys = trust.keys.filter(({ role }) => role === 'log')
  writeFileSync(join(dir, 'trust-log.json'), JSON.stringify({ ...trust, keys }))
}, 120_000)

afterAll(async () => {
  if (service !== undefined && service.exitCode === null) {
    const ended = once(service, 'exit')
    service.kill('SIGTERM')
    await ended
  }
  rmSync(dir, { recursive: true, force: true })
})

describe('verify --online', () => {
  it('reports until when the checkpoint is retained, whatever is put on top of it', async () => {
    const before = await verified(audit)
    expect(before).toMatchObject({ code: 0, check: { status: 'pass' }, says: { status: 'pass' } })
    expect(before.retained?.status).toBe('pass')
    expect(Date.parse(before.retained?.value ?? '')).toBeGreaterThan(Date.now() + 29 * dayMs)
    const { out } = await seamark(['verify', 'bundle', '--trust', 'trust.json', '--online', '--config', audit])
    expect(out).toContain(`retained-until ${before.retained?.value}`)

    expect(await attack.overwrite(at, 'something else')).toBe('done')
    expect(await verified(audit)).toMatchObject({ code: 0, says: { findings: ['newer-version'] } })
    expect(await attack.mark(at)).toBe('done')
    const after = await verified(audit)
    expect(after).toMatchObject({ code: 0, retained: before.retained })
    expect([...(after.says?.findings ?? [])].sort()).toEqual(['delete-marker', 'newer-version'])
  })

  it('tells failures apart, of receipts that the operator forged too', async () => {
    expect(await attack.overwrite(at, 'another text')).toBe('done')
    const [newest] = (await attack.versions(bucket)).filter(({ key, marker }) => key === at.key && !marker)
    const { versionId = '' } = newest ?? {}
    const failed = async (name: string, change: object) => {
      const { code, check, retained } = await verified(audit, forged(name, change), radosgw, 'trust-log.json')
      return [code, check?.code, retained?.status]
    }
    expect(await failed('same', {})).toEqual([0, undefined, 'pass'])
    expect(await failed('changed', { versionId })).toEqual([10, 'changed', 'fail'])
    expect(await attack.remove({ ...at, versionId })).toBe('done')
    expect(await failed('gone', { versionId })).toEqual([10, 'gone', 'fail'])
    const retainUntil = Date.now() + 3_650 * dayMs
    expect(await failed('shortened', { retainUntil })).toEqual([10, 'retention-shortened', 'fail'])
    expect(await failed('moved', { key: 'seamark/elsewhere' })).toEqual([10, 'malformed-receipt', 'fail'])
  })

  it('never passes where it could not look, and says why', async () => {
    const [stranger, wrong] = [randomUUID(), randomUUID()].map((id) => ({ accessKeyId: id, secretAccessKey: id }))
    if (stranger === undefined || wrong === undefined) throw new Error('two users')
    await createRadosgwUser(radosgw, `u${randomUUID()}`, stranger)
    const other = await attack.bucket({ lock: true })
    for (const [config, keys, reason] of [
      [audit, stranger, 'access-denied'],
      [audit, wrong, 'access-denied'],
      [configuration('away.config.ts', { endpoint: 'http://127.0.0.1:9' }), radosgw, 'unreachable'],
      [configuration('other.config.ts', { bucket: other }), radosgw, 'other-anchor'],
    ] as const)
      expect(await verified(config, 'bundle', keys)).toMatchObject({
        code: 12,
        report: { verdict: 'unverified' },
        check: { status: 'not-checked', code: reason },
        retained: { status: 'not-checked' },
      })
  })

  it('goes nowhere that the bundle names', async () => {
    const wire = await wireTo(radosgw, () => 'none')
    onTestFinished(() => wire.close())
    const wired = configuration('wired.config.ts', { endpoint: wire.access.endpoint })
    const theirs = forged('theirs', { bucket: await attack.bucket({ lock: true }) })
    expect(await verified(wired, theirs, radosgw, 'trust-log.json')).toMatchObject({
      code: 12,
      check: { status: 'not-checked', code: 'other-anchor' },
    })
    expect(wire.seen).toEqual([])
    expect((await verified(wired)).code).toBe(0)
    expect(wire.seen.every(({ url }) => url.startsWith(`/${bucket}`))).toBe(true)
  })

  it('needs keys that are trusted and a configuration that was named and has anchors', async () => {
    writeFileSync(join(dir, 'none.config.ts'), 'export default {}')
    writeFileSync(
      join(dir, 'bundle', 'seamark.config.ts'),
      "import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')\nexport default {}",
    )
    onTestFinished(() => rmSync(join(dir, 'bundle', 'seamark.config.ts')))
    const online = ['verify', 'bundle', '--online', '--json']
    for (const more of [
      ['--config', audit],
      ['--trust', 'trust.json'],
      ['--trust', 'trust.json', '--config', 'none'],
      ['--trust', 'trust.json', '--config', 'none.config.ts'],
    ]) {
      const { code, err } = await seamark([...online, ...more])
      expect([code, JSON.parse(err).error.code]).toEqual([2, 'INVALID_INPUT'])
    }
    expect(existsSync(join(dir, 'ran'))).toBe(false)
  })
})
