import type { BlobRef, Exit, ItemSpec, ResolvedWorkspace, StepReport, StepTask } from '@seamark/core'
import { blobKey, launchId, sha256Hex } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { memoryStorage } from '@seamark/testing'
import { join } from 'node:path'
import type { LocalWorkerOptions } from '../src/index.ts'
import { localWorker } from '../src/index.ts'
import { hostExecutor } from './host-executor.ts'
import { collect, repository, temporary } from './repository.ts'

export const dir = temporary()
export const storage = memoryStorage()
export const executor = hostExecutor()
export const options: LocalWorkerOptions = { dir: join(dir, 'worker'), storage, runtimes: [command()] }
export const worker = localWorker(options)
export const base = repository(join(dir, 'base'), {
  'a.txt': 'one\n',
  'test/check.sh': 'grep -q fixed a.txt\n',
  'package.json': '{}\n',
  '.gitignore': 'reports/\nnode_modules/\n',
})
export const attempts = join(dir, 'worker', 'namespaces', 'ns', 'attempts')
let n = 0

export function item(run: string, more: Partial<ItemSpec> = {}): ItemSpec {
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

export async function task(about: Partial<StepTask>): Promise<StepTask> {
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

export async function play(step: StepTask, with_ = worker): Promise<StepReport & { exit: Exit }> {
  const spec = await with_.prepare(step, executor)
  const exit = await executor.run(step.launchId, spec)
  await with_.follow(step, executor, Promise.resolve(exit))
  return { ...(await with_.capture(step, executor, exit)), exit }
}

export async function bytes(ref: BlobRef | undefined): Promise<string> {
  if (ref === undefined) return ''
  const found = await storage.get(blobKey('ns', ref.sha256))
  return found === undefined ? '' : (await collect(found.body)).toString('utf8')
}

export async function stored(text: string): Promise<BlobRef> {
  const sha256 = sha256Hex(text)
  await storage.put(blobKey('ns', sha256), Buffer.from(text))
  return { sha256, size: Buffer.byteLength(text) }
}

export const EXITED: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 0 }
