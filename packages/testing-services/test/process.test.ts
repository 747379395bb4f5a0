import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { keep, runToEnd, untilReady } from '../src/process.ts'

async function freshFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-kept-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const gone = (pid: string) => expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 8_000 }).toBe(false)

it('a program that runs to its end says what it wrote, and one that fails rejects', async () => {
  const dir = await freshFolder()
  expect(await runToEnd(['echo', 'said'], { dir, name: 'a' })).toBe('said\n')
  await expect(runToEnd(['sh', '-c', 'exit 3'], { dir, name: 'b' })).rejects.toThrow()
  await expect(runToEnd(['sleep', '60'], { dir, name: 'c', timeoutMs: 50 })).rejects.toThrow()
})

it('waiting for a server ends with it', async () => {
  const dir = await freshFolder()
  const dying = keep(['sh', '-c', 'exit 4'], { dir, name: 'a' })
  await expect(untilReady(async () => false, [dying])).rejects.toThrow()
  expect(await dying.exited).toBe(4)
})

it('a stopped program is gone, also one that ignores the signal', async () => {
  const dir = await freshFolder()
  for (const [script, endsBy] of [
    ['echo $$; exec sleep 600', 'TERM'],
    ['trap "" TERM; echo $$; while :; do sleep 0.1; done', 'KILL'],
  ] as const) {
    const kept = keep(['sh', '-c', script], { dir, name: endsBy, endsBy })
    await expect.poll(() => kept.output()).toMatch(/\d/)
    const pid = (await kept.output()).trim()
    await kept.stop()
    await kept.stop()
    await gone(pid)
  }
})

it('a program ends with the process that started it, though that one was killed', async () => {
  const dir = await freshFolder()
  const source = `import { keep } from ${JSON.stringify(join(import.meta.dirname, '../src/process.ts'))}
    import { setTimeout as sleep } from 'node:timers/promises'
    const kept = keep(['sh', '-c', 'echo $$; exec sleep 600'], { dir: ${JSON.stringify(dir)}, name: 'kept' })
    while (!/\\d/.test(await kept.output())) await sleep(20)
    process.stdout.write(await kept.output())
    await sleep(60_000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await once(starter.stdout, 'data')
  const pid = String(said).trim()
  expect(existsSync(`/proc/${pid}`)).toBe(true)
  starter.kill('SIGKILL')
  await gone(pid)
})
