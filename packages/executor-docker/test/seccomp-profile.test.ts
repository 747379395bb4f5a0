import { describe, expect, it } from 'vitest'
import { seccompProfile } from '../src/seccomp-profile.ts'

describe('the filter of system calls', () => {
  const { defaultAction, syscalls } = seccompProfile()
  const free = new Set(
    syscalls.flatMap(({ names, args, action }) => (args || action !== 'SCMP_ACT_ALLOW' ? [] : names)),
  )

  it('refuses what it does not name', () => {
    expect(defaultAction).toBe('SCMP_ACT_ERRNO')
    for (const name of [
      'io_uring_setup',
      'bpf',
      'keyctl',
      'userfaultfd',
      'mount',
      'unshare',
      'setns',
      'process_vm_readv',
    ])
      expect([name, syscalls.some(({ names }) => names.includes(name))]).toEqual([name, false])
  })

  it('lets nothing through whatever its arguments are that is let through for some', () => {
    for (const { names, args, action } of syscalls)
      if (args || action !== 'SCMP_ACT_ALLOW') expect(names.filter((name) => free.has(name))).toEqual([])
  })

  it('lets no process attach to another, and opens no socket of a machine', () => {
    const values = (name: string) =>
      syscalls.filter(({ names }) => names.includes(name)).map(({ args }) => args?.[0]?.value)
    expect(values('ptrace')).not.toContain(16)
    expect(values('ptrace')).not.toContain(0x4206)
    expect(values('socket')).toEqual([1, 2, 10, 16])
  })
})
