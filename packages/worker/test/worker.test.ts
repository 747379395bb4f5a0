import type { BlobRef, Exit, InputRef, ItemSpec, Product, ResolvedWorkspace, StepReport, StepTask } from '@seamark/core'
import { blobKey, launchId, sha256Hex } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { memoryStorage } from '@seamark/testing'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LocalWorkerOptions } from '../src/index.ts'
import { localWorker } from '../src/index.ts'
import { hostExecutor } from './host-executor.ts'
import { collect, refusal, repository, sh, temporary, write } from './repository.ts'

const dir = temporary()
const storage = memoryStorage()
const executor = hostExecutor()
const options: LocalWorkerOptions = { dir: join(dir, 'worker'), storage, runtimes: [command()] }
const worker = localWorker(options)
const base = repository(join(dir, 'base'), {
  'a.txt': 'one\n',
  'test/check.sh': 'grep -q fixed a.txt\n',
  'package.json': '{}\n',
  '.gitignore': 'reports/\nnode_modules/\n',
})
const attempts = join(dir, 'worker', 'namespaces', 'ns', 'attempts')
let n = 0

function item(run: string, more: Partial<ItemSpec> = {}): ItemSpec {
  return {
    id: 'it',
    run,
    needs: [],
    locks: [],
    gates: [],
    outputs: [],
    effects: 'write-impure',
    runtime: 'command',
    executor: 'host',
    queue: 'default',
    priority: 0,
    timeoutMs: 60_000,
    retries: { max: 0, minDelayMs: 1, maxDelayMs: 1 },
    env: {},
    keepWorkspace: true,
    ...more,
  }
}

async function task(about: Partial<StepTask>): Promise<StepTask> {
  const workspace: ResolvedWorkspace =
    about.workspace ?? (await worker.workspaces('ns', 'git').resolve({ git: base, from: '/' }))
  return {
    ns: 'ns',
    run: 'run',
    launchId: launchId('ns', 'run', 'it', n++, 'main'),
    fence: 1,
    attempt: 1,
    step: 'main',
    inputs: [],
    ...about,
    workspace,
  }
}

async function play(step: StepTask, with_ = worker): Promise<StepReport & { exit: Exit }> {
  const spec = await with_.prepare(step, executor)
  const exit = await executor.run(step.launchId, spec)
  await with_.follow(step, executor, Promise.resolve(exit))
  return { ...(await with_.capture(step, executor, exit)), exit }
}

async function bytes(ref: BlobRef | undefined): Promise<string> {
  if (ref === undefined) return ''
  const found = await storage.get(blobKey('ns', ref.sha256))
  return found === undefined ? '' : (await collect(found.body)).toString('utf8')
}

async function stored(text: string): Promise<BlobRef> {
  const sha256 = sha256Hex(text)
  await storage.put(blobKey('ns', sha256), Buffer.from(text))
  return { sha256, size: Buffer.byteLength(text) }
}

const EXITED: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 0 }

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
    for (const line of [
      'true',
      'mkdir -p reports && ln -s /etc/passwd reports/r.xml',
      'ln -s /etc reports; true',
      'mkdir -p reports/r.xml',
    ]) {
      const step = await task({ item: item(line, { outputs: [{ path: 'reports/r.xml' }] }) })
      const report = await play(step)
      expect([line, report.verdict.outcome, report.verdict.reason]).toEqual([line, 'failed', 'output-missing'])
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
    const small = localWorker({ ...options, limits: { maxSnapshotBytes: 1000 } })
    const large = await task({ item: item('echo precious > work') })
    const report = await play(large, small)
    expect(report.verdict).toMatchObject({ outcome: 'failed', reason: 'limit' })
    expect(report.product?.patch?.files).toBe(1)
    await small.release(large)
    expect(existsSync(join(attempts, large.launchId))).toBe(false)
    expect(readFileSync(join(dir, 'worker/namespaces/ns/kept', large.launchId, 'work'), 'utf8')).toBe('precious\n')
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

describe('a gate', () => {
  const gates = [{ run: 'sh test/check.sh', protect: [{ type: 'tree' as const, path: 'test' }], timeoutMs: 60_000 }]

  async function judged(run: string): Promise<{ passed: boolean; product: Product | undefined; report: StepReport }> {
    const main = await task({ item: item(run, { gates }) })
    const { product } = await play(main)
    await worker.release(main)
    const gate = await task({ item: item(run, { gates }), step: 'gate:0', ...(product && { judged: product }) })
    const report = await play(gate)
    await worker.release(gate)
    return { passed: report.verdict.outcome === 'succeeded', product, report }
  }

  it('judges the base with the patch, and keeps what it says', async () => {
    const good = await judged('echo fixed > a.txt')
    expect(good.passed).toBe(true)
    expect(good.report.stdout).toBeDefined()
    expect(good.report.product).toBeUndefined()
    expect((await judged('echo broken > a.txt')).passed).toBe(false)
    expect((await judged('true')).passed).toBe(false)
  })

  it('can not be rewritten by what it judges', async () => {
    for (const attack of [
      'echo true > test/check.sh',
      'rm -r test; ln -s /tmp test',
      'rm -r test; echo true > test',
      'rm test/check.sh; mkdir test/check.sh; echo true > test/check.sh/x',
      'chmod 000 test/check.sh; git config alias.x y; rm -rf .git',
    ])
      expect([attack, (await judged(attack)).passed]).toEqual([attack, false])
    expect((await judged('echo fixed > a.txt; echo exit 1 > test/check.sh; echo 1 > test/new')).passed).toBe(true)
  })

  it('refuses a patch that does not lead to the captured tree', async () => {
    const { product } = await judged('echo fixed > a.txt')
    if (product?.patch === undefined) throw new Error('no patch')
    const forged = { ...product, patch: { ...product.patch, tree: product.patch.baseTree } }
    const gate = await task({ item: item('true', { gates }), step: 'gate:0', judged: forged })
    expect((await refusal(worker.prepare(gate, executor))).code).toBe('INTEGRITY')
    await worker.release(gate)
  })

  it('judges an empty workspace too', async () => {
    const about = {
      workspace: { type: 'empty' as const },
      item: item('echo r > out', { gates: [{ run: 'test -f out', protect: [], timeoutMs: 1000 }] }),
    }
    const { product } = await play(await task(about))
    const gate = await task({ ...about, step: 'gate:0', ...(product && { judged: product }) })
    expect((await play(gate)).verdict.outcome).toBe('succeeded')
  })
})

describe('a set-up layer', () => {
  const setup = {
    run: 'ls -A; mkdir -p node_modules/x; echo made > node_modules/x/f; echo tool > tool',
    key: ['package.json'],
    paths: ['node_modules', 'tool'],
    timeoutMs: 60_000,
  }

  it('is built from the key files only, once, and brought into attempts without being captured', async () => {
    const { workspace } = await task({})
    const layer = await worker.layerOf(workspace, setup, 'host', { ns: 'ns' })
    expect(layer).toBe(await worker.layerOf(workspace, setup, 'host'))
    expect(layer).not.toBe(await worker.layerOf(workspace, setup, 'sandbox', { ns: 'ns' }))
    expect(layer).not.toBe(await worker.layerOf(workspace, { ...setup, key: ['a.txt'] }, 'host', { ns: 'ns' }))
    expect(await worker.hasLayer('ns', layer)).toBe(false)
    const build = await task({ step: 'setup', setup, layer })
    const report = await play(build)
    expect(report.verdict.outcome).toBe('succeeded')
    expect(await bytes(report.stdout)).toBe('package.json\n')
    expect((await worker.capture(build, executor, report.exit)).verdict.outcome).toBe('succeeded')
    await worker.release(build)
    expect(await worker.hasLayer('ns', layer)).toBe(true)
    expect(await worker.hasLayer('other', layer)).toBe(false)

    const step = await task({
      setup,
      layer,
      item: item('cat node_modules/x/f tool; echo mine > node_modules/x/f; echo 1 > new'),
    })
    const { product } = await play(step)
    expect(await bytes(product?.stdout)).toBe('made\ntool\n')
    expect(product?.patch?.files).toBe(1)
    const spec = await worker.prepare(step, hostExecutor('private'))
    expect(spec.mounts.filter(({ target }) => target.startsWith('/workspace/'))).toEqual([
      { source: expect.stringContaining(layer), target: '/workspace/node_modules', mode: 'read-only' },
      { source: expect.stringContaining(layer), target: '/workspace/tool', mode: 'read-only' },
    ])
    await worker.release(step)
    const again = await task({ setup, layer, item: item('cat node_modules/x/f') })
    expect(await bytes((await play(again)).product?.stdout)).toBe('made\n')
    await worker.release(again)

    rmSync(join(dir, 'worker/namespaces/ns/layers', layer, 'tree/tool'))
    expect(await worker.hasLayer('ns', layer)).toBe(false)
    expect((await refusal(worker.prepare(again, executor))).code).toBe('NOT_FOUND')
    await worker.release(again)
  })

  it('fails where a promised path is missing or a link, and is not saved', async () => {
    const { workspace } = await task({})
    for (const run of ['true', 'ln -s /etc node_modules; echo > tool', 'exit 1']) {
      const bad = { ...setup, run }
      const layer = await worker.layerOf(workspace, bad, 'host', { ns: 'ns' })
      const build = await task({ step: 'setup', setup: bad, layer })
      expect((await play(build)).verdict.outcome).toBe('failed')
      await worker.release(build)
      expect(await worker.hasLayer('ns', layer)).toBe(false)
    }
  })

  it('names a key file that is not in the base', async () => {
    const { workspace } = await task({})
    expect(await refusal(worker.layerOf(workspace, { ...setup, key: ['nope.json'] }, 'host'))).toMatchObject({
      code: 'INVALID_INPUT',
    })
  })
})

describe('leftovers', () => {
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
    await worker.release(going)
    expect(readdirSync(attempts)).toEqual([])
  })

  it('names of namespaces and launches are no paths', async () => {
    const step = await task({ item: item('true') })
    for (const bad of [{ ns: '../x' }, { ns: '' }, { launchId: '../../x' }])
      expect((await refusal(worker.prepare({ ...step, ...bad }, executor))).code).toBe('INVALID_INPUT')
  })
})
