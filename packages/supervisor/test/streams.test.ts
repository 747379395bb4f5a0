import type { Executor, LaunchSpec } from '@seamark/core'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { layoutOf } from '../src/paths.ts'
import { testExecutor } from './support/executor.ts'
import { idOf, shell, supervisorPid, temporaryFolder, until } from './support/world.ts'

const outputOf = async (executor: Executor, id: string, stream: 'stdout' | 'stderr' = 'stdout') => {
  const chunks: Uint8Array[] = []
  for await (const chunk of executor.output(id, stream, 0)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const run = async (executor: Executor, name: string, spec: LaunchSpec) => {
  expect(await executor.launch(idOf(name), spec)).toEqual({ outcome: 'launched' })
  const stdout = await outputOf(executor, idOf(name))
  const state = await executor.attach(idOf(name))
  return { stdout, exit: state.state === 'exited' ? state.exit : undefined }
}

describe('standard streams', () => {
  it('can be opened again, each as its own', async () => {
    const executor = testExecutor(temporaryFolder())
    await run(executor, 'a', shell('echo out > /dev/stdout; echo err >> /dev/stderr; echo more | tee /dev/stderr'))
    expect((await outputOf(executor, idOf('a'))).toString()).toBe('out\nmore\n')
    expect((await outputOf(executor, idOf('a'), 'stderr')).toString()).toBe('err\nmore\n')
    await executor.launch(idOf('b'), { ...shell('head -n 1 /dev/stdin'), stdin: 'pipe' })
    await executor.send?.(idOf('b'), Buffer.from('input\n'))
    expect((await outputOf(executor, idOf('b'))).toString()).toBe('input\n')
    await executor.close?.()
  })

  it('keep the last bytes of a program that ends as soon as it has written them', async () => {
    const executor = testExecutor(temporaryFolder())
    // As much as fits into a pipe, so that nobody has read any of it when the program ends.
    const runs = Array.from({ length: 20 }, (_, n) => run(executor, String(n), shell('head -c 65536 /dev/zero')))
    for (const { stdout, exit } of await Promise.all(runs)) {
      expect(stdout.byteLength).toBe(65_536)
      expect(exit).toMatchObject({ reason: 'exited', code: 0, outputBytes: 65_536 })
    }
    await executor.close?.()
  })

  it('keep the last bytes also where a process that got away holds them open', async () => {
    const executor = testExecutor(temporaryFolder())
    // Without its marks nothing finds it any more.
    const away = 'env -i setsid /bin/sleep 1 & exec head -c 65536 /dev/zero'
    const { stdout, exit } = await run(executor, 'away', shell(away))
    expect(stdout.byteLength).toBe(65_536)
    expect(exit).toMatchObject({ reason: 'exited', code: 0 })
    await executor.close?.()
  })

  it('over their limit are told as such, also of a program that had ended', async () => {
    const executor = testExecutor(temporaryFolder())
    const runs = Array.from({ length: 10 }, (_, n) =>
      run(executor, String(n), { ...shell('head -c 5000 /dev/zero'), maxOutputBytes: 4999 }),
    )
    for (const { stdout, exit } of await Promise.all(runs)) {
      expect(stdout.byteLength).toBe(4999)
      expect(exit).toMatchObject({ reason: 'output', outputBytes: 4999 })
    }
    await executor.close?.()
  })

  it('are enough for many launches at once, and nothing of them is left', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    await run(executor, 'first', shell('true'))
    const pid = await supervisorPid(dir)
    const pipes = () => {
      const names = readdirSync(`/proc/${pid}/fd`).map((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`)
        } catch {
          // Closed since it was listed.
          return ''
        }
      })
      return names.filter((name) => name.includes('/pipes/')).length
    }
    for (let round = 0; round < 3; round++) {
      const launches = Array.from({ length: 70 }, (_, n) =>
        run(executor, `${round}-${n}`, { ...shell('echo "$1"', String(n)), stdin: n % 2 === 0 ? 'pipe' : 'none' }),
      )
      for (const [n, { stdout, exit }] of (await Promise.all(launches)).entries()) {
        expect(exit).toMatchObject({ reason: 'exited', code: 0 })
        expect(stdout.toString()).toBe(`${n}\n`)
      }
    }
    // Those that are ready, two descriptors each; made 64 at once when fewer than 16 are left.
    await until(() => pipes() <= 2 * 79, 'the pipes of what has ended are closed')
    await until(() => !existsSync(layoutOf(dir).pipes), 'no pipe has a name')
    await executor.close?.()
  })
})
