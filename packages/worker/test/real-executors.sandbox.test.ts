import type { Executor, Exit, ItemSpec, StepTask } from '@seamark/core'
import { processExecutor } from '@seamark/executor-process'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { blobKey, launchId } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { folderStorage } from '@seamark/storage-local'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { collect, repository, temporary } from './repository.ts'

const dir = temporary()
const data = join(dir, 'data')
const storage = folderStorage({ dir: join(data, 'storage') })
const worker = localWorker({ dir: join(data, 'worker'), storage, runtimes: [command()] })
const base = repository(join(dir, 'base'), {
  'a.txt': 'one\n',
  'package.json': '{}\n',
  '.gitignore': 'node_modules/\n',
})
const setup = {
  run: 'mkdir node_modules && echo made > node_modules/f && chmod 700 node_modules',
  key: ['package.json'],
  paths: ['node_modules'],
  timeoutMs: 20_000,
}

const executors: Executor[] = [
  sandboxExecutor({ dir: data, graceMs: 100 }),
  processExecutor({ dir: data, graceMs: 100 }),
]
afterAll(async () => {
  for (const executor of executors) await executor.close?.()
})

async function exitOf(executor: Executor, id: string): Promise<Exit> {
  for await (const event of executor.events(undefined))
    if (event.launchId === id && event.state.state === 'exited') return event.state.exit
  throw new Error('no end')
}

async function play(executor: Executor, step: StepTask) {
  const spec = await worker.prepare(step, executor)
  await executor.launch(step.launchId, spec)
  const exit = exitOf(executor, step.launchId)
  await worker.follow(step, executor, exit)
  const report = await worker.capture(step, executor, await exit)
  await worker.release(step)
  await executor.reap(step.launchId)
  return report
}

describe.each(executors.map((executor) => [executor.name, executor] as const))('on %s', (name, executor) => {
  it('prepares, runs, captures, judges and releases', async () => {
    const workspace = await worker.workspaces('ns', 'git').resolve({ git: base, from: '/' })
    const run = [
      'cat node_modules/f; node -e "console.log(process.version)"; git status --porcelain; echo "$SEAMARK_ITEM"',
      'echo changed > a.txt; git commit -qam mine; mkdir -m 700 private; echo 1 > private/x; chmod 000 private/x private',
      'ln -s /etc/passwd link; touch "$HOME/h" "$TMPDIR/t"',
    ].join('; ')
    const item: ItemSpec = {
      id: 'it',
      run,
      needs: [],
      locks: [],
      gates: [
        {
          run: 'grep changed a.txt && test "$(cat private/x)" = 1 && cat node_modules/f',
          protect: [],
          timeoutMs: 20_000,
        },
      ],
      outputs: [{ path: 'private/x' }],
      effects: 'write-impure',
      runtime: 'command',
      executor: name,
      queue: 'default',
      priority: 0,
      timeoutMs: 20_000,
      retries: { max: 0, minDelayMs: 1, maxDelayMs: 1 },
      env: {},
      keepWorkspace: true,
    }
    const layer = await worker.layerOf(workspace, setup, executor.kind, { ns: 'ns' })
    const about = { ns: 'ns', run: 'run', fence: 1, attempt: 1, inputs: [], workspace, setup, layer, item }
    const task = (step: StepTask['step']): StepTask => ({
      ...about,
      step,
      launchId: launchId('ns', name, 'it', 1, step),
    })
    expect((await play(executor, task('setup'))).verdict).toEqual({ outcome: 'succeeded', reason: 'completed' })
    const { verdict, product } = await play(executor, task('main'))
    expect(verdict).toEqual({ outcome: 'succeeded', reason: 'completed' })
    expect(product?.patch?.files).toBe(3)
    expect(product?.snapshot).toBeDefined()
    const stdout = await storage.get(blobKey('ns', product?.stdout.sha256 ?? ''))
    expect((await collect(stdout?.body ?? collectNothing())).toString()).toBe(`made\n${process.version}\nit\n`)
    const gate = await play(executor, { ...task('gate:0'), ...(product && { judged: product }) })
    expect(gate.verdict.outcome).toBe('succeeded')
    if (product?.snapshot === undefined) throw new Error('no snapshot')
    const inputs = [{ name: 'w', from: 'it', select: 'workspace' as const, blob: product.snapshot }]
    const reader = {
      ...item,
      run: 'test "$(cat "$SEAMARK_INPUTS/w/private/x")" = 1 && ! touch "$SEAMARK_INPUTS/w/y"',
      outputs: [],
    }
    const read = await play(executor, {
      ...task('main'),
      attempt: 2,
      item: reader,
      inputs,
      launchId: launchId('ns', name, 'it', 2, 'main'),
    })
    // A host's root may write anywhere.
    expect(read.verdict.outcome === 'succeeded' || executor.kind === 'process').toBe(true)
    expect(readdirSync(join(data, 'worker/namespaces/ns/attempts'))).toEqual([])
    expect(existsSync(join(data, 'worker/namespaces/ns/kept'))).toBe(false)
  })
})

async function* collectNothing(): AsyncGenerator<Uint8Array> {}
