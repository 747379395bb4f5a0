import { sleep } from '@seamark/kit'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startLine } from '../src/start-line.ts'
import { layoutOf } from '../src/paths.ts'
import { testExecutor } from './support/executor.ts'
import { idOf, processesWith, shell, supervisorPid, temporaryFolder, until } from './support/world.ts'

const ended = async (executor: ReturnType<typeof testExecutor>, id: string) => {
  await until(async () => (await executor.attach(id)).state !== 'running', 'it ends')
  return executor.attach(id)
}

describe('supervisor', () => {
  it('is one, however many start it at once', async () => {
    const dir = temporaryFolder()
    const executors = Array.from({ length: 6 }, () => testExecutor(dir))
    const marks = join(dir, 'marks')
    await Promise.all(executors.map((executor) => executor.launch(idOf('same'), shell('echo x >> "$1"', marks))))
    for (const executor of executors) await ended(executor, idOf('same'))
    expect(readFileSync(marks, 'utf8')).toBe('x\n')
    const taken = spawnSync(startLine(dir, 0).file, startLine(dir, 0).args, { env: {} })
    expect(taken.status).toBe(3)
    for (const executor of executors) await executor.close?.()
  })

  it('is started once by a process, so that a folder that is removed afterwards stays away', async () => {
    const dir = temporaryFolder()
    const executors = Array.from({ length: 8 }, () => testExecutor(dir))
    await Promise.all(executors.map((executor) => executor.attach(idOf('x'))))
    const pid = await supervisorPid(dir)
    await Promise.all(executors.map(async (executor) => executor.close?.()))
    rmSync(dir, { recursive: true })
    expect(processesWith(dir).filter((one) => one !== pid)).toEqual([])
    await until(() => processState(pid) === 'gone', 'it leaves')
    expect(existsSync(dir)).toBe(false)
  })

  it('leaves when nobody needs it, and not before', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    await executor.launch(idOf('long'), shell('sleep 0.6'))
    const pid = await supervisorPid(dir)
    await executor.close?.()
    await sleep(300)
    expect(existsSync(`/proc/${pid}/stat`) && processState(pid)).toBe('alive')
    await until(() => processState(pid) === 'gone', 'it leaves')
    expect(existsSync(join(layoutOf(dir).folder, 'socket'))).toBe(false)
    const again = testExecutor(dir)
    expect(await again.attach(idOf('long'))).toMatchObject({ state: 'exited', exit: { code: 0 } })
    await again.close?.()
  })

  it('keeps everything readable by its owner only, and inherits nothing', async () => {
    const dir = temporaryFolder()
    process.env['SEAMARK_TEST_SECRET'] = 'hidden'
    const executor = testExecutor(dir)
    await executor.launch(idOf('out'), shell('echo out; echo err >&2; pwd; sleep 1'))
    const pid = await supervisorPid(dir)
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('hidden')
    expect(process.env['SEAMARK_TEST_SECRET']).toBe('hidden')
    const layout = layoutOf(dir)
    await until(() => existsSync(join(layout.attempts, `${idOf('out')}.stderr`)), 'there is output')
    expect(statSync(layout.folder).mode & 0o777).toBe(0o700)
    for (const path of [
      join(layout.folder, 'socket'),
      layout.journal,
      join(layout.attempts, `${idOf('out')}.stdout`),
      join(layout.attempts, `${idOf('out')}.stderr`),
    ])
      expect([path, statSync(path).mode & 0o077]).toEqual([path, 0])
    await executor.reap(idOf('out'))
    expect(existsSync(join(layout.attempts, `${idOf('out')}.stdout`))).toBe(false)
    await executor.close?.()
  })

  it('is reached in a folder too deep for a socket’s address', async () => {
    const dir = join(temporaryFolder(), 'd'.repeat(120), 'e'.repeat(120))
    const executor = testExecutor(dir)
    await executor.launch(idOf('deep'), shell('exit 4'))
    expect(await ended(executor, idOf('deep'))).toMatchObject({ exit: { code: 4 } })
    await executor.close?.()
  })

  it('keeps executors of different names apart, but never runs an id twice', async () => {
    const dir = temporaryFolder()
    const [one, two] = [testExecutor(dir, 'one'), testExecutor(dir, 'two')]
    await one.launch(idOf('x'), shell('exit 0'))
    expect(await two.attach(idOf('x'))).toEqual({ state: 'unknown' })
    await expect(two.launch(idOf('x'), shell('exit 0'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(two.reap(idOf('x'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await Promise.all([one.close?.(), two.close?.()])
  })

  it('of another version is a clear error', async () => {
    const dir = temporaryFolder()
    const { folder } = layoutOf(dir)
    mkdirSync(folder, { mode: 0o700 })
    const server = createServer((socket) => {
      const problem = { code: 'UNAVAILABLE', message: 'version 9', remedy: 'wait' }
      socket.on('data', () => socket.write(JSON.stringify({ n: 1, error: { problem } }) + '\n'))
      socket.on('error', () => socket.destroy())
    })
    server.listen(join(folder, 'socket'))
    onTestFinished(() => void server.close())
    const executor = testExecutor(dir)
    await expect(executor.attach(idOf('x'))).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'version 9' })
    await executor.close?.()
  })

  it('refuses a version that it does not speak, and goes on', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    await executor.attach(idOf('x'))
    const { connect } = await import('node:net')
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(join(layoutOf(dir).folder, 'socket'))
      socket.once('data', (data) => {
        socket.destroy()
        resolve(data.toString())
      })
      socket.write(JSON.stringify({ n: 7, op: 'hello', protocol: 99, executor: 'future' }) + '\n')
    })
    expect(JSON.parse(answer)).toMatchObject({ n: 7, error: { problem: { code: 'UNAVAILABLE' } } })
    expect(await executor.attach(idOf('x'))).toEqual({ state: 'unknown' })
    await executor.close?.()
  })

  it('that can not start says why', async () => {
    const dir = temporaryFolder()
    const { folder, journal } = layoutOf(dir)
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(journal, '{"kind":"head","version":1,"seq":0}\nnonsense\n{"kind":"reaped","launchId":"x"}\n')
    const executor = testExecutor(dir)
    await expect(executor.attach(idOf('x'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('INTEGRITY')
    await executor.close?.()
  })

  it('that has no log is a clear error', async () => {
    const dir = temporaryFolder()
    mkdirSync(layoutOf(dir).log, { recursive: true, mode: 0o700 })
    const executor = testExecutor(dir)
    await expect(executor.attach(idOf('x'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('EISDIR') as string,
    })
    await executor.close?.()
  })

  it('drops what a crash left half-written', async () => {
    const dir = temporaryFolder()
    const first = testExecutor(dir)
    await first.launch(idOf('x'), shell('exit 5'))
    await ended(first, idOf('x'))
    await first.reap(idOf('gone'))
    process.kill(await supervisorPid(dir), 'SIGKILL')
    await first.close?.()
    appendFileSync(layoutOf(dir).journal, '{"kind":"reaped","laun')
    const second = testExecutor(dir)
    expect(await second.attach(idOf('x'))).toMatchObject({ state: 'exited', exit: { code: 5 } })
    await expect(second.launch(idOf('gone'), shell('exit 0'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await second.close?.()
  })

  it('of a copied data folder leaves the processes of the original alone', async () => {
    const dir = temporaryFolder()
    const copy = join(temporaryFolder(), 'copy')
    const tag = `seamark-original-${process.pid}`
    const original = testExecutor(dir)
    await original.launch(idOf('x'), shell(`sleep 50; : ${tag}`))
    await until(() => processesWith(tag).length > 0, 'it runs')
    cpSync(dir, copy, { recursive: true, filter: (path) => !path.endsWith('/socket') })
    const copied = testExecutor(copy)
    expect(await copied.attach(idOf('x'))).toEqual({ state: 'lost' })
    expect((await original.attach(idOf('x'))).state).toBe('running')
    await original.reap(idOf('x'))
    await Promise.all([original.close?.(), copied.close?.()])
  })

  it('told to end takes its attempts with it', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    await executor.launch(idOf('x'), shell('sleep 50'))
    const pid = await supervisorPid(dir)
    process.kill(pid, 'SIGTERM')
    await until(() => processState(pid) === 'gone', 'it ends')
    expect(await executor.attach(idOf('x'))).toMatchObject({ state: 'exited', exit: { reason: 'killed' } })
    await executor.close?.()
  })
})

function processState(pid: number): 'alive' | 'gone' {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return /\) [ZX] /.test(stat) ? 'gone' : 'alive'
  } catch {
    return 'gone'
  }
}
