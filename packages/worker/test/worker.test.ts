import type { Exit, InputRef } from '@seamark/core'
import { blobKey, sha256Hex } from '@seamark/kit'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { hostExecutor } from './host-executor.ts'
import { collect, refusal, sh, write } from './repository.ts'
import {
  dir,
  storage,
  executor,
  options,
  worker,
  attempts,
  item,
  task,
  play,
  bytes,
  stored,
  EXITED,
} from './attempt.ts'

describe('an attempt', () => {
  it('works in a private clone and leaves a patch, outputs, its output and a snapshot', async () => {
    const line = 'echo fixed > a.txt; mkdir reports; echo ok > reports/r.xml; echo out; echo err >&2; pwd; env'
    const step = await task({
      item: item(line, { outputs: [{ path: 'reports/r.xml' }], env: { MINE: 'yes', SEAMARK_RUN: 'forged' } }),
    })
    const report = await play(step)
    expect(report.verdict).toEqual({ outcome: 'succeeded', reason: 'completed' })
    expect(report.product?.patch).toMatchObject({ files: 1 })
    expect(await bytes(report.product?.patch)).toContain('+fixed')
    expect(await bytes(report.product?.outputs[0]?.blob)).toBe('ok\n')
    const stdout = await bytes(report.product?.stdout)
    for (const text of [
      'out\n',
      'MINE=yes',
      'SEAMARK_RUN=run',
      'SEAMARK_ITEM=it',
      'SEAMARK_ATTEMPT=1',
      'LANG=C.UTF-8',
      `HOME=${attempts}`,
    ])
      expect(stdout).toContain(text)
    expect(await bytes(report.product?.stderr)).toBe('err\n')
    expect(report.product?.snapshot?.size).toBeGreaterThan(1000)
    await worker.release(step)
    await worker.release(step)
    expect(existsSync(join(attempts, step.launchId))).toBe(false)
  })

  it('gets a spec with fixed paths where the file system is private', async () => {
    const step = await task({ item: item('true') })
    const spec = await worker.prepare(step, hostExecutor('private'))
    expect(spec.cwd).toBe('/workspace')
    expect(spec.env).toMatchObject({ HOME: '/home/agent', SEAMARK_INPUTS: '/inputs', TMPDIR: '/tmp' })
    expect(spec.mounts.map(({ target, mode }) => `${target} ${mode}`)).toEqual([
      '/workspace read-write',
      '/home/agent read-write',
      '/inputs read-only',
      '/opt/seamark/tools read-only',
    ])
    for (const { source } of spec.mounts) expect(source.startsWith(join(dir, 'worker'))).toBe(true)
    expect(statSync(join(dir, 'worker')).mode & 0o077).toBe(0)
    await worker.release(step)
  })

  it('that changes nothing fails where a patch is required', async () => {
    const outcome = async (run: string) => (await play(await task({ item: item(run, { patch: 'required' }) }))).verdict
    expect(await outcome('true')).toEqual({ outcome: 'failed', reason: 'patch-missing' })
    expect(await outcome('echo two > a.txt')).toEqual({ outcome: 'succeeded', reason: 'completed' })
  })

  it('finds the pinned node and seamark-apply on its path', async () => {
    const step = await task({ workspace: { type: 'empty' }, item: item('node --version && seamark-apply --help') })
    const report = await play(step)
    expect(report.verdict.outcome).toBe('succeeded')
    expect(await bytes(report.product?.stdout)).toContain(`${process.version}\nUsage: seamark-apply`)
    expect(report.product?.patch).toBeUndefined()
    await worker.release(step)
  })

  it('does not take a repository around it for its own', async () => {
    sh(dir, 'git init -q .')
    const step = await task({ workspace: { type: 'empty' }, item: item('git rev-parse --show-toplevel') })
    expect((await play(step)).verdict).toMatchObject({ outcome: 'failed', reason: 'exit-code' })
    await worker.release(step)
    rmSync(join(dir, '.git'), { recursive: true })
  })

  it('reads its inputs outside the tree', async () => {
    const inner = join(dir, 'inner')
    mkdirSync(inner)
    write(inner, { 'x/y': 'from a workspace' })
    const snapshot = await collect(worker.workspaces('ns', 'empty').snapshot(inner))
    const sha256 = sha256Hex(snapshot)
    await storage.put(blobKey('ns', sha256), snapshot)
    const inputs: InputRef[] = [
      { name: 'p', from: 'a', select: 'patch', blob: await stored('a patch') },
      { name: 'none', from: 'a', select: 'patch', blob: { sha256: sha256Hex(''), size: 0 } },
      { name: 'o', from: 'a', select: 'output', path: 'reports/r.xml', blob: await stored('an output') },
      { name: 'w', from: 'a', select: 'workspace', blob: { sha256, size: snapshot.length } },
    ]
    const step = await task({ inputs, item: item('cd "$SEAMARK_INPUTS" && cat p/patch none/patch o/r.xml w/x/y') })
    const report = await play(step)
    expect(await bytes(report.product?.stdout)).toBe('a patchan outputfrom a workspace')
    expect(report.product?.patch).toBeUndefined()
    await worker.release(step)
    const damaged = {
      ...step,
      inputs: [{ name: 'p', from: 'a', select: 'patch' as const, blob: { ...(await stored('a patch')), size: 6 } }],
    }
    expect((await refusal(worker.prepare(damaged, executor))).code).toBe('INTEGRITY')
    const gone = {
      ...step,
      inputs: [{ name: 'p', from: 'a', select: 'patch' as const, blob: { sha256: 'a'.repeat(64), size: 6 } }],
    }
    expect((await refusal(worker.prepare(gone, executor))).code).toBe('NOT_FOUND')
    await worker.release(step)
  })

  it('is judged by what happened', async () => {
    const step = await task({ item: item('exit 3', { keepWorkspace: false }) })
    const report = await play(step)
    expect(report.verdict).toEqual({ outcome: 'failed', reason: 'exit-code', detail: '3' })
    expect(report.product?.snapshot).toBeUndefined()
    const judged = async (exit: Partial<Exit>) => (await worker.capture(step, executor, { ...EXITED, ...exit })).verdict
    await worker.prepare(step, executor)
    expect(await judged({ reason: 'timeout' })).toMatchObject({ outcome: 'timed-out' })
    expect(await judged({ reason: 'killed' })).toMatchObject({ outcome: 'canceled' })
    expect(await judged({ reason: 'not-started', detail: 'ENOENT' })).toEqual({
      outcome: 'failed',
      reason: 'not-started',
      detail: 'ENOENT',
    })
    expect(await judged({ reason: 'output' })).toMatchObject({ outcome: 'failed', reason: 'limit' })
    await worker.release(step)
  })

  it('fails without the outputs that it promised, and with links or folders for them', async () => {
    for (const [line, detail] of [
      ['true', 'reports/r.xml'],
      ['mkdir -p reports && ln -s /etc/passwd reports/r.xml', 'reports/r.xml is a link'],
      ['ln -s /etc reports; true', 'reports/r.xml: reports is a link'],
      ['echo x > reports', 'reports/r.xml: reports is a file'],
      ['mkdir -p reports/r.xml', 'reports/r.xml is a folder'],
      ['mkdir -p reports && mkfifo reports/r.xml', 'reports/r.xml is no ordinary file'],
    ] as const) {
      const step = await task({ item: item(line, { outputs: [{ path: 'reports/r.xml' }] }) })
      const report = await play(step)
      expect([line, report.verdict]).toEqual([line, { outcome: 'failed', reason: 'output-missing', detail }])
      await worker.release(step)
    }
    const escaping = await task({ item: item('true', { outputs: [{ path: '../home/x' }] }) })
    expect((await refusal(play(escaping))).code).toBe('INVALID_INPUT')
    await worker.release(escaping)
  })

  it('fails by name on what can not be captured, and its workspace is kept where no snapshot could be', async () => {
    const pipe = await task({ item: item('mkfifo pipe') })
    expect((await play(pipe)).verdict).toMatchObject({
      outcome: 'failed',
      reason: 'unsupported-file',
      detail: expect.stringContaining('pipe'),
    })
    await worker.release(pipe)
    const notices: Error[] = []
    const onNotice = (error: Error) => void notices.push(error)
    const small = localWorker({ ...options, limits: { maxSnapshotBytes: 1000 }, onNotice })
    const large = await task({ item: item('echo precious > work') })
    const report = await play(large, small)
    expect(report.verdict).toMatchObject({ outcome: 'failed', reason: 'limit' })
    expect(report.product?.patch?.files).toBe(1)
    await small.release(large)
    expect(existsSync(join(attempts, large.launchId))).toBe(false)
    const kept = join(dir, 'worker/namespaces/ns/kept', large.launchId)
    expect(readFileSync(join(kept, 'work'), 'utf8')).toBe('precious\n')
    await small.release(large)
    expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }])
    expect(notices[0]?.message).toContain(kept)
  })

  it('that closed its own folder is captured, or kept where it was lost', async () => {
    const closing = await task({ item: item('echo 1 > new; chmod 000 .') })
    const report = await play(closing)
    expect(report.product?.patch?.files).toBe(1)
    expect(statSync(join(attempts, closing.launchId, 'workspace')).mode & 0o700).toBe(0o700)
    await worker.release(closing)

    const lost = await task({ item: item('chmod 000 .') })
    const spec = await worker.prepare(lost, executor)
    await worker.follow(lost, executor, Promise.resolve(await executor.run(lost.launchId, spec)))
    await worker.release(lost)
    // Whoever may not write into a folder may not move it either, unless that is root.
    expect(statSync(join(dir, 'worker/namespaces/ns/kept', lost.launchId)).mode & 0o700).toBe(0o700)
  })

  it('is captured by a worker that was started since', async () => {
    const step = await task({ item: item('echo again > a.txt') })
    const exit = await executor.run(step.launchId, await worker.prepare(step, executor))
    const later = localWorker(options)
    const first = await later.capture(step, executor, exit)
    const second = await later.capture(step, executor, exit)
    expect(first.verdict.outcome).toBe('succeeded')
    expect(first.product?.patch).toMatchObject({ files: 1 })
    expect({ ...second.product, snapshot: undefined }).toEqual({ ...first.product, snapshot: undefined })
    await later.release(step)
  })

  it('resumes from a snapshot', async () => {
    const first = await task({ item: item('echo half > a.txt') })
    const { product } = await play(first)
    await worker.release(first)
    if (product?.snapshot === undefined) throw new Error('no snapshot')
    const second = await task({ item: item('cat a.txt; git status --porcelain'), resumeFrom: product.snapshot })
    const report = await play(second)
    expect(await bytes(report.product?.stdout)).toBe('half\n M a.txt\n')
    expect(report.product?.patch?.sha256).toBe(product.patch?.sha256)
    await worker.release(second)
  })

  it('starts from scratch when it is prepared again', async () => {
    const step = await task({ item: item('cat a.txt') })
    await worker.prepare(step, executor)
    writeFileSync(join(attempts, step.launchId, 'workspace', 'a.txt'), 'stale')
    expect(await bytes((await play(step)).product?.stdout)).toBe('one\n')
    await worker.release(step)
  })
})

describe('leftovers', () => {
  it('lets a start sweep what an end removes just then', async () => {
    for (let round = 0; round < 8; round++) {
      const step = await task({ item: item('true') })
      await worker.prepare(step, executor)
      const other = localWorker(options)
      await Promise.all([worker.release(step), other.sweep(new Set()), worker.sweep(new Set()), other.release(step)])
    }
    expect(readdirSync(attempts).filter((name) => name.startsWith('sm'))).toEqual([])
  })

  it('are swept, but for those that go on; a lost workspace is kept', async () => {
    const [going, lost, unstarted] = await Promise.all([1, 2, 3].map(() => task({ item: item('true') })))
    if (!going || !lost || !unstarted) throw new Error('no tasks')
    for (const step of [going, lost, unstarted]) await worker.prepare(step, executor)
    await worker.follow(lost, executor, Promise.resolve(EXITED))
    mkdirSync(join(dir, 'worker/namespaces/ns/tmp/x'), { recursive: true })
    const swept = await localWorker(options).sweep(new Set([going.launchId]))
    expect(swept).toContain(lost.launchId)
    expect(readdirSync(attempts)).toEqual([going.launchId])
    expect(existsSync(join(dir, 'worker/namespaces/ns/tmp'))).toBe(false)
    const kept = readdirSync(join(dir, 'worker/namespaces/ns/kept'))
    expect(kept).toContain(lost.launchId)
    expect(kept).not.toContain(unstarted.launchId)
    expect(await worker.kept()).toMatchObject({
      folders: [join(dir, 'worker/namespaces/ns/kept')],
      count: kept.length,
      counted: true,
    })
    const many = join(dir, 'worker/namespaces/ns/kept', lost.launchId, 'many')
    mkdirSync(many)
    for (let n = 0; n < 11_000; n++) writeFileSync(join(many, String(n)), '')
    expect(await worker.kept()).toMatchObject({ count: kept.length, counted: false })
    await worker.release(going)
    expect(readdirSync(attempts)).toEqual([])
  })

  it('names of namespaces and launches are no paths', async () => {
    const step = await task({ item: item('true') })
    for (const bad of [{ ns: '../x' }, { ns: '' }, { launchId: '../../x' }])
      expect((await refusal(worker.prepare({ ...step, ...bad }, executor))).code).toBe('INVALID_INPUT')
  })
})
