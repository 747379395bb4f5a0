import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { radosgwAdmin, sharedServer } from '../src/index.ts'

it('test files share one server of each kind', async () => {
  const [one, other] = await Promise.all([sharedServer('radosgw'), sharedServer('radosgw')])
  expect(other).toEqual(one)
  expect((await fetch(one.endpoint)).status).toBe(200)
  expect(JSON.parse(await radosgwAdmin(one, 'user', 'info', '--uid=test'))).toMatchObject({ user_id: 'test' })
  expect((await fetch((await sharedServer('moto')).endpoint)).status).toBe(200)
})

/** Processes whose arguments or folder name a folder. */
function processesOf(dir: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`CEPH_CONF=${dir}/`)
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

it.each([500, 2_000, 4_000])('a radosgw whose starter is killed after %i ms leaves no process', async (afterMs) => {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-killed-'))
  const source = `import { startRadosgw } from ${JSON.stringify(join(import.meta.dirname, '../src/radosgw.ts'))}
    setTimeout(() => process.stdout.write('.'), ${afterMs})
    const { stop } = await startRadosgw()
    await stop()`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([once(starter.stdout, 'data'), once(starter, 'exit')])
  expect(starter.exitCode).toBe(null)
  // A busy machine has not started the first one yet.
  await expect.poll(() => processesOf(dir).length, { interval: 10, timeout: 9_000 }).toBeGreaterThan(0)
  starter.kill('SIGKILL')
  await expect.poll(() => processesOf(dir), { timeout: 9_000 }).toEqual([])
  await rm(dir, { recursive: true, force: true })
})
