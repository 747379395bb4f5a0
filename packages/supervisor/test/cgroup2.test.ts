import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeTree } from '../src/cgroups.ts'
import { until } from './support/world.ts'

/** Where version 2 is mounted beside version 1, and alone. */
const mount = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) => existsSync(join(path, 'cgroup.procs')))

it.runIf(process.getuid?.() === 0 && mount !== undefined)(
  'a group of version 2 is joined by another user, and all in it is killed at once (as root, where version 2 is mounted)',
  async () => {
    const group = join(mount ?? '', `seamark-test-${process.pid}`)
    mkdirSync(group)
    const fd = openSync(join(group, 'cgroup.procs'), constants.O_WRONLY)
    const script = 'for i in 1 2 3; do setsid sleep 60 & done; wait'
    const child = spawn('/bin/sh', ['-c', `echo 0 >&3 && exec 3>&-; ${script}`], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      uid: 12_345,
      gid: 12_345,
    })
    closeSync(fd)
    const inside = () => readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n')
    await until(() => inside().length === 4, 'all are in it')
    expect(inside()).toContain(String(child.pid))
    const ended = once(child, 'exit')
    await until(() => removeTree(group), 'it is removed')
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(existsSync(group)).toBe(false)
  },
)
