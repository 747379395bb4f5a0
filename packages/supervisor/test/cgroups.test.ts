import { describe, expect, it } from 'vitest'
import { foldersUp, hierarchiesOf } from '../src/cgroup-places.ts'
import { countIn, counterOf, settingsOf } from '../src/cgroup-settings.ts'

const v1 = `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/a\\040b rw,relatime - cgroup cgroup rw,pids
33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755`

describe('the places of control groups', () => {
  it('are those of version 1, each with its own path', () => {
    const own = '4:memory:/system.slice/x\n3:cpuset:/\n2:cpu,cpuacct:/\n8:pids:/user\n0::/unified'
    expect(hierarchiesOf(v1, own)).toEqual([
      { version: 1, controllers: ['cpu'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/sys/fs/cgroup/cpu,cpuacct' },
      {
        version: 1,
        controllers: ['memory'],
        mount: '/sys/fs/cgroup/memory',
        own: '/sys/fs/cgroup/memory/system.slice/x',
      },
      { version: 1, controllers: ['pids'], mount: '/sys/fs/cgroup/a b', own: '/sys/fs/cgroup/a b/user' },
    ])
  })

  it('are that of version 2, and all folders above', () => {
    const [one] = hierarchiesOf(
      '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
      '0::/user.slice/user-1000.slice/user@1000.service/app.slice/seamark.service\n',
    )
    expect(one).toMatchObject({ version: 2, controllers: [], mount: '/sys/fs/cgroup' })
    expect(one && foldersUp(one)).toEqual([
      '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/seamark.service',
      '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice',
      '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service',
      '/sys/fs/cgroup/user.slice/user-1000.slice',
      '/sys/fs/cgroup/user.slice',
      '/sys/fs/cgroup',
    ])
  })

  it('leave out what is mounted from elsewhere', () => {
    const mounted = (root: string) => `30 23 0:26 ${root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw`
    expect(hierarchiesOf(mounted('/docker/abc'), '0::/docker/abc/x\n')).toMatchObject([{ own: '/sys/fs/cgroup/x' }])
    expect(hierarchiesOf(mounted('/docker/abc'), '0::/docker/abcd\n')).toEqual([])
    expect(hierarchiesOf(mounted('/'), '0::/../outside\n')).toEqual([])
    expect(hierarchiesOf('', '')).toEqual([])
  })
})

describe('settings of control groups', () => {
  const limits = { cpu: 1.5, memoryBytes: 4096, pids: 10 }

  it('hold memory with swap, processes beside bubblewrap’s own, and a share of processors', () => {
    const written = (version: 1 | 2) =>
      (['memory', 'pids', 'cpu'] as const).flatMap((controller) =>
        settingsOf(version, controller, limits).map(({ file, value }) => `${file}=${value}`),
      )
    expect(written(1)).toEqual([
      'memory.limit_in_bytes=4096',
      'memory.memsw.limit_in_bytes=4096',
      'pids.max=11',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=150000',
    ])
    expect(written(2)).toEqual([
      'memory.max=4096',
      'memory.swap.max=0',
      'memory.oom.group=1',
      'pids.max=11',
      'cpu.max=150000 100000',
    ])
  })

  it('are none where nothing is asked for, and no smaller than the kernel takes', () => {
    for (const controller of ['memory', 'pids', 'cpu'] as const) expect(settingsOf(2, controller, {})).toEqual([])
    expect(settingsOf(2, 'cpu', { cpu: 0.001 })).toEqual([{ file: 'cpu.max', value: '1000 1000000' }])
    expect(settingsOf(2, 'cpu', { cpu: 0.0001 })).toEqual([{ file: 'cpu.max', value: '1000 1000000' }])
  })

  it('count breaches where each version does', () => {
    expect(counterOf(1, 'memory')).toEqual({ file: 'memory.oom_control', name: 'oom_kill' })
    expect(countIn('oom_kill_disable 0\nunder_oom 1\noom_kill 3\n', 'oom_kill')).toBe(3)
    expect(countIn('low 0\nhigh 0\nmax 12\noom 4\noom_kill 0\n', 'oom_kill')).toBe(0)
    expect(countIn('max 7\n', 'max')).toBe(7)
    expect(countIn('', 'max')).toBe(0)
  })
})
