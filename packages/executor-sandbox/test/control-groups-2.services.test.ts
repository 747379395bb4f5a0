import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { namedEnds } from './support/bombs.ts'

/** As long as a machine may take that is slow and does much else: it is emulated in part, and a bomb takes seconds. */
const TAKES_MS = 1_500_000
const BOMB_MS = 240_000

/** What the only kernel of a machine starts: files of this machine that can only be read, and control groups of version 2 alone. */
const init = (dir: string, program: string): string => `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=1777 data /mnt
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
mount -t hostfs -o ${dir} host /media
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo '+memory +pids +cpu' > /sys/fs/cgroup/cgroup.subtree_control
ip link set lo up
mkdir -m 755 /mnt/bombs
stat -f -c %T /sys/fs/cgroup > /media/groups
'${process.execPath}' --conditions=source '${program}' run /mnt/bombs ${BOMB_MS} > /media/report
cat /mnt/bombs/supervisor/log
echo o > /proc/sysrq-trigger
sleep 600
`

it(
  'limits of a sandbox are hit in control groups of version 2, and named, on a kernel that has no others (as root)',
  { timeout: TAKES_MS + 60_000 },
  async () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-groups-2-')))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const read = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8').trim() : '')
    writeFileSync(join(dir, 'init'), init(dir, join(import.meta.dirname, 'support/bombs.ts')), { mode: 0o755 })
    const disks = `root=/dev/root rootfstype=hostfs rootflags=/ ro init=${join(dir, 'init')} uml_dir=${dir}`
    const kernel = 'mem=2048M cgroup_no_v1=all con=null con0=null,fd:1 quiet loglevel=1'
    // A group of its own: each of its processes is one of this machine too.
    const machine = spawn('linux.uml', `${disks} ${kernel}`.split(' '), {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const end = () => {
      const { pid, exitCode, signalCode } = machine
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
    }
    onTestFinished(end)
    const late = setTimeout(end, TAKES_MS)
    let screen = ''
    machine.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
    await once(machine, 'close')
    clearTimeout(late)
    expect(read('groups'), screen).toBe('cgroup2fs')
    expect(read('report'), screen).not.toBe('')
    const strengths = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', wallClock: 'enforced', idle: 'enforced' } // prettier-ignore
    expect(JSON.parse(read('report'))).toEqual({ strengths, ends: namedEnds(strengths), beside: 'exited 7' })
  },
)
