import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

/** What a program may start before the kernel stops it, where it is watched: it is to be seen over its limit first. */
const most = (pids: number) => 4 * pids + 1_000

it.runIf(process.getuid?.() === 0)(
  'without control groups of any version the kernel holds what nobody watches, and its end is named (as root)',
  { timeout: 90_000 },
  () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-rlimit-')))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const pids = 12
    // In a mount namespace that has none: nothing is found by which a driver could be chosen.
    const line = 'umount -a -t cgroup,cgroup2 && ! grep -q " - cgroup" /proc/self/mountinfo && exec "$@"'
    const program = join(import.meta.dirname, 'support/rlimit.child.ts')
    const argv = [process.execPath, '--conditions=source', program, 'run', dir, String(pids)]
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', line, 'sh', ...argv], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const { started, ...report } = JSON.parse(stdout)
    expect(report).toEqual({
      strengths: { cpu: 'none', memory: 'watched', pids: 'watched' },
      error: 'Resource temporarily unavailable',
      reason: 'pids',
    })
    // It counts itself and the sandbox's first process.
    expect(started).toBeGreaterThan(most(pids) - 10)
    expect(started).toBeLessThan(most(pids))
  },
)
