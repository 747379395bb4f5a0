import { launchId } from '@seamark/kit'
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sandboxExecutor, type SandboxExecutorOptions } from '../src/index.ts'
import { explode, namedEnds } from './support/bombs.ts'
import { asOrdinaryUser } from './support/ordinary-user.ts'
import { see, until } from './support/see.ts'
import { supervisorOf } from './support/supervisor-of.ts'

const temporary = () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-limits-')))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}
const isRoot = process.getuid?.() === 0
const MiB = 1024 * 1024
/** Version 1 has a hierarchy for each; a machine with version 2 delegates through systemd. */
const version1 = ['memory', 'pids', 'cpu'].every((name) => existsSync(`/sys/fs/cgroup/${name}/tasks`))

describe('limits of a sandbox', () => {
  it('are named in the end of what goes over them, and harm nothing beside it', { timeout: 90_000 }, async () => {
    const { ends, beside, strengths } = await explode(temporary())
    expect(ends).toEqual(namedEnds(strengths))
    expect(beside).toBe('exited 7')
    expect(strengths).toMatchObject({ disk: 'watched', wallClock: 'enforced', idle: 'enforced' })
    for (const name of ['memory', 'pids']) expect(['enforced', 'watched']).toContain(strengths[name])
  })

  it.runIf(isRoot)('hold for an ordinary user without control groups (as root)', { timeout: 90_000 }, () => {
    const { stdout, stderr } = asOrdinaryUser('bombs.ts', temporary())
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      strengths: {
        cpu: 'none',
        memory: 'watched',
        pids: 'watched',
        disk: 'watched',
        wallClock: 'enforced',
        idle: 'enforced',
      },
      ends: namedEnds({ memory: 'watched' }),
      beside: 'exited 7',
    })
  })

  it.runIf(isRoot && version1)(
    'hold for an ordinary user with control groups (as root, with version 1)',
    { timeout: 90_000 },
    () => {
      const dir = temporary()
      chownSync(dir, 12_345, 12_345)
      const groups = ['memory', 'pids', 'cpu'].map((name) => `/sys/fs/cgroup/${name}/seamark-test-${process.pid}`)
      // Its supervisor is about to leave.
      onTestFinished(() => until(() => groups.map(removed).every(Boolean), 'the groups are empty'))
      for (const group of groups) {
        mkdirSync(group)
        for (const name of ['', 'tasks', 'cgroup.procs']) chownSync(join(group, name), 12_345, 12_345)
      }
      const program = fileURLToPath(new URL('./support/bombs.ts', import.meta.url))
      const line = `${groups.map((group) => `echo 0 > ${group}/cgroup.procs && `).join('')} exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"`
      const argv = [process.execPath, '--conditions=source', program, 'run', dir]
      const { stdout, stderr } = spawnSync('/bin/sh', ['-c', line, 'sh', ...argv], {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin' },
        encoding: 'utf8',
      })
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toMatchObject({
        strengths: { cpu: 'enforced', memory: 'enforced', pids: 'enforced' },
        ends: namedEnds({ memory: 'enforced', cpu: 'enforced' }),
        beside: 'exited 7',
      })
    },
  )

  it('are refused where they are none, with their place', async () => {
    const executor = sandboxExecutor({ dir: temporary(), graceMs: 0 })
    onTestFinished(() => executor.close?.())
    const wrong = { cpu: 0, memoryBytes: 1, pids: 0.5, diskBytes: -1, idleMs: NaN }
    await expect(see(executor, 'true', { limits: wrong })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: ['cpu', 'memoryBytes', 'pids', 'diskBytes', 'idleMs'].map((name) => ({
        place: { pointer: `/limits/${name}` },
      })),
    })
  })

  it('are half of the memory and 4,096 processes where nothing is said, and others where the deployment says so', async () => {
    const dir = temporary()
    const executor = sandboxExecutor({ dir, graceMs: 0 })
    onTestFinished(() => executor.close?.())
    const { defaultLimits = {}, limits } = executor.guarantees
    const { memoryBytes = 0 } = defaultLimits
    expect(defaultLimits).toEqual({ memoryBytes, pids: 4096 })
    expect(memoryBytes).toBeLessThanOrEqual(totalmem() / 2)
    expect(memoryBytes).toBeGreaterThan(0)
    const id = launchId('test', 'default', String(process.pid), 1, 'main')
    await executor.launch(id, { argv: ['/bin/sleep', '60'], env: {}, cwd: '/', mounts: [] })
    if (limits.memory.value === 'enforced') {
      const held = groupsOf(dir).flatMap((place) =>
        ['memory.limit_in_bytes', 'memory.max', 'pids.max']
          .map((file) => join(place, id, file))
          .flatMap((path) => (existsSync(path) ? [Number(readFileSync(path, 'utf8'))] : [])),
      )
      // Beside the first one, which is ours.
      expect(held.toSorted((a, b) => a - b)).toEqual([4097, memoryBytes])
    }
    await executor.kill(id)
    const others = (given: SandboxExecutorOptions['limits']) =>
      sandboxExecutor({ dir, ...(given && { limits: given }) }).guarantees.defaultLimits
    expect(others({ memoryBytes: Infinity, pids: Infinity })).toEqual({})
    expect(others({ pids: 9, cpu: 1 })).toEqual({ memoryBytes, pids: 9, cpu: 1 })
  })

  it('that a deployment names wrongly are told before anything starts', async () => {
    const executor = sandboxExecutor({ dir: temporary(), graceMs: 0, limits: { pids: 0.5 } })
    onTestFinished(() => executor.close?.())
    expect(await executor.unavailable?.()).toMatchObject({ code: 'INVALID_INPUT', place: { pointer: '/limits/pids' } })
    await expect(see(executor, 'true')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('bound the file systems of memory also where none is asked for', async () => {
    const executor = sandboxExecutor({ dir: temporary(), graceMs: 0 })
    onTestFinished(() => executor.close?.())
    const { memoryBytes = Infinity } = executor.guarantees.defaultLimits ?? {}
    const tmp = Math.min(4 * 1024 * MiB, memoryBytes) / 4096
    const sizes = 'stat -f -c "%b %S" /tmp /run /dev/shm'
    expect((await see(executor, sizes)).out).toBe(`${tmp} 4096\n65536 4096\n65536 4096\n`)
    const small = { limits: { memoryBytes: 64 * MiB } }
    expect((await see(executor, sizes, small)).out).toBe('16384 4096\n16384 4096\n16384 4096\n')
  })
})

describe.runIf(isRoot)('control groups (as root)', () => {
  it('slow down what uses more than its share of processors', async () => {
    const executor = sandboxExecutor({ dir: temporary(), graceMs: 0 })
    onTestFinished(() => executor.close?.())
    expect(executor.guarantees.limits.cpu).toEqual({ value: 'enforced', proof: 'tested' })
    const busy = `node -e "
      const end = Date.now() + 1500
      while (Date.now() < end);
      const { userCPUTime, systemCPUTime } = process.resourceUsage()
      console.log(userCPUTime + systemCPUTime)"`
    const { out } = await see(executor, busy, { limits: { cpu: 0.2 } })
    expect(Number(out)).toBeGreaterThan(100_000)
    expect(Number(out)).toBeLessThan(700_000)
  })

  it('are there from the first instruction on, can not be left and are gone with the supervisor', async () => {
    const dir = temporary()
    const executor = sandboxExecutor({ dir, graceMs: 0 })
    const { out } = await see(executor, 'cat /proc/self/cgroup; echo 0 > /sys/fs/cgroup/x', {
      limits: { memoryBytes: 64 * MiB, pids: 20 },
    })
    // Inside, its own group is the root of what it sees.
    expect(out).toMatch(/:(memory)?:\/$/m)
    const places = groupsOf(dir)
    expect(places.length).toBeGreaterThan(0)
    expect(places.filter((place) => !existsSync(place))).toEqual([])
    await executor.close?.()
    await until(() => !existsSync(join(dir, 'supervisor/cgroups')), 'it is gone')
    expect(places.filter((place) => existsSync(place))).toEqual([])
  })

  it('that a killed supervisor left are found again and removed', async () => {
    const dir = temporary()
    const executor = sandboxExecutor({ dir, graceMs: 50 })
    const id = launchId('test', 'left', String(process.pid), 1, 'main')
    await executor.launch(id, {
      argv: ['/bin/sleep', '60'],
      env: {},
      cwd: '/',
      mounts: [],
      limits: { cpu: 1, memoryBytes: 64 * MiB, pids: 20 },
    })
    const places = groupsOf(dir).map((place) => join(place, id))
    await until(() => places.every((place) => existsSync(place)), 'its groups are there')
    process.kill(await supervisorOf(dir), 'SIGKILL')
    await until(async () => (await executor.attach(id)).state === 'lost', 'it is lost')
    expect(places.filter((place) => existsSync(place))).toEqual([])
    await executor.close?.()
  })
})

function removed(group: string): boolean {
  try {
    if (existsSync(group)) rmdirSync(group)
    return true
  } catch {
    return false
  }
}

function groupsOf(dir: string): string[] {
  const groups: unknown = JSON.parse(readFileSync(join(dir, 'supervisor/cgroups'), 'utf8'))
  return Array.isArray(groups) ? groups.map(String) : []
}
