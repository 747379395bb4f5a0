import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sandboxAvailable, sandboxExecutor } from '../src/index.ts'
import { findEscapes } from './support/containment.ts'
import { asOrdinaryUser } from './support/ordinary-user.ts'
import { see, until } from './support/see.ts'

const made: string[] = []
const temporary = (parent = tmpdir()) => {
  const dir = mkdtempSync(join(parent, 'seamark-containment-'))
  made.push(dir)
  return dir
}
afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true, force: true })
})
const isRoot = process.getuid?.() === 0

describe('sandbox', () => {
  it('is available here', async () => {
    expect(await sandboxAvailable()).toMatchObject({ ok: true })
  })

  it('holds for the user of the tests', async () => {
    expect(await findEscapes(temporary())).toEqual([])
  })

  it.runIf(isRoot)('holds for an ordinary user (as root)', () => {
    const { stdout, stderr } = asOrdinaryUser('containment.ts', temporary())
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '[]', stderr: '' })
  })

  it.runIf(isRoot)('reaches a data folder that is closed to everyone but root (as root)', async () => {
    const closed = temporary(homedir())
    chmodSync(closed, 0o700)
    const dir = join(closed, 'data')
    mkdirSync(dir, { mode: 0o700 })
    expect(statSync(homedir()).mode & 0o001).toBe(0)
    expect(await findEscapes(dir)).toEqual([])
    expect(statSync(closed).mode & 0o777).toBe(0o700)
    expect(statSync(dir).mode & 0o007).toBe(0)
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain('/run/seamark-')
    await until(() => !existsSync(join(dir, 'supervisor/ways')), 'nothing is left on the host')
  })

  it.runIf(isRoot)('removes also what a supervisor left that was killed (as root)', async () => {
    const dir = realpathSync(temporary(homedir()))
    const left = `/run/seamark-${'0'.repeat(32)}`
    mkdirSync(join(left, '7'), { recursive: true })
    mkdirSync(join(dir, 'supervisor'))
    writeFileSync(join(dir, 'supervisor/ways'), left)
    const executor = sandboxExecutor({ dir, graceMs: 0 })
    expect(await see(executor, 'exit 3')).toMatchObject({ code: 3 })
    expect(existsSync(left)).toBe(false)
    const ways = readFileSync(join(dir, 'supervisor/ways'), 'utf8')
    expect(readdirSync(join(ways, '0'))).toEqual([])
    await executor.close?.()
    await until(() => !existsSync(ways), 'nothing is left on the host')
  })

  it.runIf(isRoot)('is not disturbed by the supervisor of a folder that was there before (as root)', async () => {
    const dir = realpathSync(temporary(homedir()))
    const before = sandboxExecutor({ dir, graceMs: 500 })
    expect(await see(before, 'exit 3')).toMatchObject({ code: 3 })
    const old = readFileSync(join(dir, 'supervisor/ways'), 'utf8')
    await before.close?.()
    rmSync(dir, { recursive: true })
    const executor = sandboxExecutor({ dir, graceMs: 0 })
    const long = see(executor, 'sleep 2; exit 4')
    await until(() => !existsSync(old), 'the one before is gone')
    expect(await see(executor, 'exit 5')).toMatchObject({ code: 5 })
    expect(await long).toMatchObject({ code: 4 })
    await executor.close?.()
  })

  it.runIf(isRoot)('says so where the sandbox’s user can not reach a mount (as root)', async () => {
    const closed = temporary()
    mkdirSync(join(closed, 'folder'))
    const executor = sandboxExecutor({ dir: temporary(), graceMs: 0 })
    const mounts = [{ source: join(closed, 'folder'), target: '/folder', mode: 'read-only' as const }]
    await expect(see(executor, 'true', { mounts })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await executor.close?.()
  })
})

describe('sandboxAvailable', () => {
  it('names what to install where there is no bubblewrap', async () => {
    const answer = await sandboxAvailable({ bubblewrap: '/no/such/bwrap' })
    expect(answer).toMatchObject({ ok: false, problem: { code: 'UNAVAILABLE' } })
    expect(answer.ok ? '' : answer.problem.remedy).toContain('apt-get install bubblewrap')
  })

  it('fails a launch with the same problem', async () => {
    const executor = sandboxExecutor({ dir: temporary(), bubblewrap: '/no/such/bwrap', graceMs: 0 })
    await expect(see(executor, 'true')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await executor.close?.()
  })

  it('is not available with a program that is no bubblewrap', async () => {
    expect(await sandboxAvailable({ bubblewrap: '/bin/false' })).toMatchObject({ ok: false })
  })
})
