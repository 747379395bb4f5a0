import type { StepTask } from '@seamark/core'
import { isSeamError, SeamError } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { memoryStorage } from '@seamark/testing'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hostFailure } from '../src/host-failure.ts'
import { localWorker, type LocalWorker } from '../src/index.ts'
import { EXITED, item, task } from './attempt.ts'
import { hostExecutor } from './host-executor.ts'
import { repository, temporary } from './repository.ts'

const noSpace = { code: 'LIMIT_EXCEEDED', consequence: 'retry', retryAfterMs: expect.any(Number) as number }

const failing = (act: Promise<unknown>): Promise<SeamError> =>
  act.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => (isSeamError(error) ? error : expect.unreachable(String(error))),
  )

describe('a failure of the host', () => {
  const system = (code: string) => Object.assign(new Error(code), { code })

  it('is told by the code of the error table', () => {
    for (const code of ['ENOSPC', 'EDQUOT']) expect(hostFailure(system(code), 'x', '/y')).toMatchObject(noSpace)
    const wrapped = new SeamError('LIMIT_EXCEEDED', 'No space.', { cause: system('ENOSPC') })
    expect(hostFailure(wrapped, 'x', '/y')).toMatchObject(noSpace)
    const program = Object.assign(new Error('failed'), { stderr: 'sync: error: No space left on device\n' })
    expect(hostFailure(program, 'x', '/y')).toMatchObject(noSpace)
    const limit = new SeamError('LIMIT_EXCEEDED', 'Too long.')
    expect(hostFailure(limit, 'x', '/y')).toBe(limit)
    expect(hostFailure(system('EROFS'), 'x', '/y')).toMatchObject({ code: 'FORBIDDEN' })
    expect(hostFailure(new DOMException('', 'AbortError'), 'x', '/y')).toMatchObject({ code: 'ABORTED' })
    expect(hostFailure(new TypeError('x'), 'x', '/y')).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a storage without space', () => {
  it('is no fault of the attempt, whatever it does not take', async () => {
    const executor = hostExecutor()
    const full = memoryStorage()
    let left = 0
    const put: typeof full.put = (...args) => {
      if (left-- > 0) return full.put(...args)
      return Promise.reject(new SeamError('LIMIT_EXCEEDED', 'The bucket is full.'))
    }
    const worker = localWorker({ dir: join(temporary(), 'worker'), storage: { ...full, put }, runtimes: [command()] })
    const step = await task({ item: item('echo x > new'), workspace: { type: 'empty' } })
    const exit = await executor.run(step.launchId, await worker.prepare(step, executor))
    await worker.follow(step, executor, Promise.resolve(exit))
    // Its two streams, its patch and its snapshot.
    for (const puts of [0, 1, 2, 3]) {
      left = puts
      expect(await failing(worker.capture(step, executor, exit))).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    }
    left = 4
    expect((await worker.capture(step, executor, exit)).verdict.outcome).toBe('succeeded')
  })
})

// A disk of its own needs a mount.
describe.runIf(process.getuid?.() === 0)('on a full disk (as root)', () => {
  const executor = hostExecutor()
  const big = 'head -c 400000 /dev/urandom > big.bin'

  function smallDisk(): { readonly dir: string; fill(): void; free(): void } {
    const dir = join(temporary(), 'disk')
    mkdirSync(dir)
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'seamark-test', dir], {
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    onTestFinished(() => void spawnSync('umount', ['--lazy', dir]))
    const ballast = join(dir, 'ballast')
    const fill = () => {
      for (let size = 2 ** 22; size >= 4096; size /= 2) {
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' })
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' })
        }
      }
    }
    return { dir, fill, free: () => rmSync(ballast) }
  }

  function workerOn(dir: string): LocalWorker {
    return localWorker({
      dir: join(dir, 'worker'),
      storage: memoryStorage(),
      runtimes: [command()],
      toolchain: { node: '/bin/true' },
    })
  }

  async function stepOf(worker: LocalWorker, base: string, run: string): Promise<StepTask> {
    return task({ item: item(run), workspace: await worker.workspaces('ns', 'git').resolve({ git: base, from: '/' }) })
  }

  it('nothing is prepared, in part or as a defect, until there is space again', async () => {
    const disk = smallDisk()
    const base = repository(join(temporary(), 'base'), { 'a.txt': 'one\n', 'b.bin': 'x'.repeat(300_000) })
    const worker = workerOn(disk.dir)
    disk.fill()
    const step = await stepOf(worker, base, 'cat a.txt')
    const refused = await failing(worker.prepare(step, executor))
    expect(refused).toMatchObject(noSpace)
    expect(refused.message).toContain(disk.dir)
    expect(refused.problems[0]?.remedy).toContain(disk.dir)
    disk.free()
    const spec = await worker.prepare(step, executor)
    expect(await executor.run(step.launchId, spec)).toMatchObject({ code: 0 })
    await worker.release(step)
    expect(readdirSync(join(disk.dir, 'worker/namespaces/ns/attempts'))).toEqual([])
  })

  it('what does not fit and where is told', async () => {
    const { dir } = smallDisk()
    const worker = localWorker({ dir: join(dir, 'worker'), storage: memoryStorage(), runtimes: [command()] })
    const step = await task({ item: item('true'), workspace: { type: 'empty' } })
    const refused = await failing(worker.prepare(step, executor))
    expect(refused).toMatchObject(noSpace)
    expect(refused.message).toMatch(/Node\.js.*\d MiB/)
    expect(refused.message).toContain(join(dir, 'worker/toolchain'))
  })

  it('an attempt is not blamed, and what it made is taken once there is space or kept', async () => {
    const disk = smallDisk()
    const base = repository(join(temporary(), 'base'), { 'a.txt': 'one\n' })
    const worker = workerOn(disk.dir)
    const play = async (run: string) => {
      const step = await stepOf(worker, base, run)
      const exit = await executor.run(step.launchId, await worker.prepare(step, executor))
      disk.fill()
      await worker.follow(step, executor, Promise.resolve(exit))
      expect(await failing(worker.capture(step, executor, exit))).toMatchObject(noSpace)
      return step
    }
    const first = await play(big)
    disk.free()
    const report = await worker.capture(first, executor, EXITED)
    expect(report.verdict.outcome).toBe('succeeded')
    expect(report.product?.patch?.files).toBe(1)
    await worker.release(first)
    const second = await play(big)
    await worker.release(second)
    expect(existsSync(join(disk.dir, 'worker/namespaces/ns/kept', second.launchId, 'big.bin'))).toBe(true)
  })
})
