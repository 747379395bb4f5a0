import type { Executor, Exit, ItemPolicy, ItemSpec, Policy, Product, StepTask } from '@seamark/core'
import { blobKey, launchId } from '@seamark/kit'
import { effective } from '@seamark/policy'
import { command } from '@seamark/runtime-command'
import { folderStorage } from '@seamark/storage-local'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { item as plain } from './attempt.ts'
import { hostExecutor } from './host-executor.ts'
import { collect, repository, sh, temporary } from './repository.ts'

const held = (policy: Policy): ItemPolicy => {
  const { policy: all, digest } = effective([{ level: 'item', policy }])
  return { policy: all, digest, own: policy }
}

/** An executor, and how all of it ends. */
export interface FileGround {
  readonly executor: Executor
  end(): Promise<void>
}

/** Tests of what a policy says of files, in attempts on one executor. `open` gets the data folder of the worker. */
export function testsOfFiles(open: (data: string) => Promise<FileGround>): void {
  const dir = temporary()
  const data = join(dir, 'data')
  const storage = folderStorage({ dir: join(data, 'storage') })
  const worker = localWorker({ dir: join(data, 'worker'), storage, runtimes: [command()] })
  let executor: Executor
  let end = async (): Promise<void> => undefined
  beforeAll(async () => {
    const ground = await open(data)
    executor = ground.executor
    end = ground.end
  }, 120_000)
  afterAll(() => end(), 60_000)

  const base = repository(join(dir, 'base'), {
    'a.txt': 'one\n',
    '.env': 'TOKEN=x\n',
    'sub/.env': 'TOKEN=y\n',
    'sub/keep.txt': 'k\n',
    'secrets/one': '1\n',
    'secrets/deep/two': '2\n',
    'src/x.txt': 'x\n',
    'notes.txt': 'n\n',
  })

  let n = 0
  async function task(policy: Policy, run: string, more: Partial<ItemSpec> = {}): Promise<StepTask> {
    const workspace = await worker.workspaces('ns', 'git').resolve({ git: base, from: '/' })
    const id = launchId('ns', 'fs', 'it', ++n, 'main')
    const spec = { ...plain(run, more), executor: executor.name, policy: held(policy) }
    return { ns: 'ns', run: 'fs', launchId: id, fence: n, attempt: 1, step: 'main', inputs: [], workspace, item: spec }
  }

  async function exitOf(id: string): Promise<Exit> {
    for await (const event of executor.events(undefined))
      if (event.launchId === id && event.state.state === 'exited') return event.state.exit
    throw new Error('no end')
  }

  async function play(step: StepTask) {
    await executor.launch(step.launchId, await worker.prepare(step, executor))
    const exit = exitOf(step.launchId)
    await worker.follow(step, executor, exit)
    const report = await worker.capture(step, executor, await exit)
    await worker.release(step)
    await executor.reap(step.launchId)
    return { ...report, exit: await exit }
  }

  async function text(blob: { readonly sha256: string } | undefined): Promise<string> {
    const found = blob && (await storage.get(blobKey('ns', blob.sha256)))
    return found === undefined ? '' : (await collect(found.body)).toString()
  }

  /** Paths that a patch changes, each once, in order. */
  async function changed(product: Product | undefined): Promise<string[]> {
    const patch = await text(product?.patch)
    return [...patch.matchAll(/^diff --git a\/(.*?) b\//gm)].map(([, path = '']) => path).sort()
  }

  const gate = (step: StepTask, product: Product | undefined): StepTask => ({
    ...step,
    step: 'gate:0',
    launchId: launchId('ns', 'fs', 'it', ++n, 'gate:0'),
    ...(product && { judged: product }),
  })

  describe('hidden files', () => {
    const policy: Policy = { filesystem: { hide: ['**/.env', 'secrets/**'] } }

    it('are not there, seem not deleted, and are in git history', async () => {
      const lines = ['ls -A . sub', 'git status --porcelain', 'git show HEAD:.env', 'echo two > a.txt']
      const { verdict, product } = await play(await task(policy, lines.join(' && ')))
      expect(verdict.outcome).toBe('succeeded')
      const out = await text(product?.stdout)
      expect(out.split('\n').filter((line) => /env|secrets|^[ MD?]{2} /.test(line))).toEqual([])
      expect(out).toContain('TOKEN=x')
      expect(await changed(product)).toEqual(['a.txt'])
    })

    it('can not be replaced by what an attempt puts in their place', async () => {
      const run = 'echo mine > .env; mkdir secrets; echo 3 > secrets/three; echo new > new.env; echo two > a.txt'
      const { product } = await play(await task(policy, run))
      expect(await changed(product)).toEqual(['a.txt', 'new.env'])
    })

    it('are hidden from gates, and nothing outside is removed in their place', async () => {
      const outside = join(dir, 'outside')
      mkdirSync(outside)
      writeFileSync(join(outside, '.env'), 'of the host\n')
      const run = `rm -r sub && ln -s ${outside} sub`
      const step = await task(policy, run, {
        gates: [{ run: 'test -L sub && ! test -e .env && ! test -e secrets', protect: [], timeoutMs: 20_000 }],
      })
      const { verdict, product } = await play(step)
      expect(verdict.outcome).toBe('succeeded')
      expect((await play(gate(step, product))).verdict).toEqual({ outcome: 'succeeded', reason: 'completed' })
      expect(existsSync(join(outside, '.env'))).toBe(true)
    })

    it('are refused on a host, and where a name can not be judged', async () => {
      const step = await task(policy, 'true')
      await expect(worker.prepare(step, hostExecutor())).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      const odd = repository(join(dir, 'odd'), { a: '1' })
      writeFileSync(Buffer.concat([Buffer.from(`${odd}/`), Buffer.from([0x66, 0xff])]), 'x')
      sh(odd, 'git add -A && git commit -qm odd')
      const workspace = await worker.workspaces('ns', 'git').resolve({ git: odd, from: '/' })
      await expect(worker.prepare({ ...step, workspace }, executor)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })
  })

  describe('a workspace that is read-only but for some paths', () => {
    const policy: Policy = { filesystem: { write: ['src/**', 'notes.txt', 'made/here.txt', 'out/**'] } }

    it('takes what is written there', async () => {
      const run =
        'echo 2 > src/x.txt; mkdir src/d; echo 3 > src/d/y; rm -f src/x.txt; echo n2 > notes.txt; echo h > made/here.txt; echo o > out/o'
      const { verdict, product } = await play(await task(policy, run))
      expect(verdict).toEqual({ outcome: 'succeeded', reason: 'completed' })
      expect(await changed(product)).toEqual(['made/here.txt', 'notes.txt', 'out/o', 'src/d/y', 'src/x.txt'])
    })

    it('leaves nothing of what was made to be mounted, and takes none of it for an output', async () => {
      const { verdict, product } = await play(await task(policy, 'true', { outputs: [{ path: 'made/here.txt' }] }))
      expect(verdict).toMatchObject({ outcome: 'failed', reason: 'output-missing' })
      expect(product?.patch).toBeUndefined()
    })

    const ways: [string, string][] = [
      ['a file beside them', 'echo x > a.txt'],
      ['a new file', 'echo x > new.txt'],
      ['another case', 'mkdir SRC && echo x > SRC/y'],
      ['a path that goes up', 'echo x > src/../a.txt'],
      ['a link', 'ln -s ../a.txt src/l && echo x > src/l'],
      ['a link to a folder', 'ln -s .. src/up && echo x > src/up/a.txt'],
      ['a hard link', 'ln a.txt src/h && echo x > src/h'],
      ['a rename over it', 'echo x > src/n && mv src/n a.txt'],
      ['another name for the folder', 'mv src other'],
      ['a folder in the place of a file', 'rm notes.txt'],
      ['an open file from before', 'exec 3<a.txt; echo x > /proc/self/fd/3'],
      ['the root of the process', 'echo x > /proc/self/cwd/a.txt'],
      ['another mount', 'mount -o remount,rw,bind /workspace && echo x > a.txt'],
      [
        'a mount in a namespace of its own',
        'unshare -Urm sh -c "mount -o remount,rw,bind /workspace && echo x > a.txt"',
      ],
      ['the repository of the attempt', 'git -c user.name=a -c user.email=a@b commit --allow-empty -m x'],
    ]
    it.each(ways)('is not written by %s', async (_, run) => {
      const { verdict, product } = await play(await task(policy, run))
      expect(verdict).toMatchObject({ outcome: 'failed', reason: 'exit-code' })
      expect((await changed(product)).filter((path) => !/^(src|out|made)\/|^notes.txt$/.test(path))).toEqual([])
    })

    it('is not written while a link is swapped for a folder', async () => {
      const run = [
        'mkdir src/d',
        '(i=0; while [ $i -lt 300 ]; do ln -sfn .. src/s; rm -f src/s; ln -sfn d src/s; rm -f src/s; i=$((i+1)); done) &',
        'i=0; while [ $i -lt 600 ]; do (echo x > src/s/a.txt) 2>/dev/null; i=$((i+1)); done',
        'wait; cat a.txt',
      ].join('\n')
      const { product } = await play(await task(policy, run))
      expect(await text(product?.stdout)).toBe('one\n')
      expect((await changed(product)).filter((path) => !path.startsWith('src/'))).toEqual([])
    })

    it('may be written by nothing', async () => {
      const { verdict, exit } = await play(await task({ filesystem: { write: [] } }, 'echo x > a.txt'))
      expect(verdict).toMatchObject({ outcome: 'failed' })
      expect(exit.refusedWrites).toEqual({ count: 1, paths: ['/workspace/a.txt'] })
    })

    it('is not prepared where a path leads through a link, or is a folder', async () => {
      const linked = repository(join(dir, 'linked'), { 'real/x': '1' })
      symlinkSync('/etc', join(linked, 'src'))
      sh(linked, 'git add -A && git commit -qm link')
      const workspace = await worker.workspaces('ns', 'git').resolve({ git: linked, from: '/' })
      for (const write of [['src/**'], ['src/passwd'], ['real'], ['real/x/**']]) {
        const step = await task({ filesystem: { write } }, 'true')
        await expect(worker.prepare({ ...step, workspace }, executor)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      }
    })
  })
}
