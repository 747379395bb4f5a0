import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seccompFilter } from '../src/seccomp.ts'
import { committedNumbers } from './support/headers.ts'

const ALLOW = 0x7fff0000
const EPERM = 0x00050001
const ENOSYS = 0x00050026
const KILL = 0x80000000

interface Call {
  readonly arch?: number
  readonly number: number
  readonly args?: readonly number[]
}

const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const

/** Runs a filter as the kernel does, for the instructions it has. */
function verdict(filter: Buffer, { arch = audit.x64, number, args = [] }: Call): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number >>> 0, 0)
  data.writeUInt32LE(arch, 4)
  args.forEach((value, i) => data.writeBigUInt64LE(BigInt(value), 16 + 8 * i))
  let loaded = 0
  for (let at = 0; ; at++) {
    if (at * 8 >= filter.length) throw new Error(`It runs past its end, to ${at}.`)
    const code = filter.readUInt16LE(at * 8)
    const [yes, no, value] = [
      filter.readUInt8(at * 8 + 2),
      filter.readUInt8(at * 8 + 3),
      filter.readUInt32LE(at * 8 + 4),
    ]
    if (code === 0x20) loaded = data.readUInt32LE(value)
    else if (code === 0x15) at += loaded === value ? yes : no
    else if (code === 0x35) at += loaded >= value ? yes : no
    else if (code === 0x06) return value
    else throw new Error(`No such instruction: ${code}`)
  }
}

describe('the filter of system calls', () => {
  const x64 = seccompFilter('x64')
  const arm64 = seccompFilter('arm64')

  it('lets through what programs are made of', () => {
    // read, write, mmap, clone, fork, execve, openat, clone3, unlinkat, futex, epoll_wait, socketpair.
    for (const number of [0, 1, 9, 56, 57, 59, 257, 435, 263, 202, 232, 53])
      expect([number, verdict(x64, { number })]).toEqual([number, ALLOW])
    for (const number of [63, 64, 222, 220, 221, 56, 435, 35, 98, 22, 199])
      expect([number, verdict(arm64, { arch: audit.arm64, number })]).toEqual([number, ALLOW])
  })

  it('refuses what reaches past the sandbox', () => {
    // mount, keyctl, bpf, perf_event_open, userfaultfd, setns, init_module, process_vm_readv, open_by_handle_at.
    for (const number of [165, 250, 321, 298, 323, 308, 175, 310, 304])
      expect([number, verdict(x64, { number })]).toEqual([number, EPERM])
    for (const number of [425, 426, 427, 428, 430, 438, 442])
      expect([number, verdict(x64, { number })]).toEqual([number, ENOSYS])
    for (const number of [40, 219, 280, 241, 282, 268, 105, 270, 265])
      expect([number, verdict(arm64, { arch: audit.arm64, number })]).toEqual([number, EPERM])
  })

  it('looks at arguments where a call is partly needed', () => {
    const of = (number: number, ...args: number[]) => verdict(x64, { number, args })
    // PTRACE_TRACEME and PTRACE_CONT of an own child, PTRACE_ATTACH and PTRACE_SEIZE of any process.
    expect([of(101, 0), of(101, 7), of(101, 16), of(101, 0x4206)]).toEqual([ALLOW, ALLOW, EPERM, EPERM])
    // TCGETS, TIOCGWINSZ; TIOCSTI, TIOCLINUX.
    expect([of(16, 1, 0x5401), of(16, 1, 0x5413), of(16, 1, 0x5412), of(16, 1, 0x541c)]).toEqual([
      ALLOW,
      ALLOW,
      EPERM,
      EPERM,
    ])
    // UNIX, INET, INET6, NETLINK; PACKET, ALG, VSOCK, BLUETOOTH, unspecified.
    expect([1, 2, 10, 16, 17, 38, 40, 31, 0].map((family) => of(41, family, 1, 0))).toEqual([
      ...Array.from({ length: 4 }, () => ALLOW),
      ...Array.from({ length: 5 }, () => EPERM),
    ])
    expect(verdict(arm64, { arch: audit.arm64, number: 198, args: [40, 1] })).toBe(EPERM)
  })

  it('refuses memory that no process maps only where memory is watched', () => {
    for (const [arch, shmget, memfd] of [
      ['x64', 29, 319],
      ['arm64', 194, 279],
    ] as const) {
      const of = (watched: boolean, number: number, ...args: number[]) =>
        verdict(seccompFilter(arch, { watched }), { arch: audit[arch], number, args })
      expect([memfd, 447].map((number) => of(true, number))).toEqual([ENOSYS, ENOSYS])
      expect([memfd, 447].map((number) => of(false, number))).toEqual([ALLOW, ALLOW])
      const sizes = [0, 56, 4096, 4097, 2 ** 32, 2 ** 32 + 56, 2 ** 40]
      expect(sizes.map((size) => of(true, shmget, 0, size, 0o600))).toEqual([
        ...Array.from({ length: 3 }, () => ALLOW),
        ...Array.from({ length: 4 }, () => EPERM),
      ])
      for (const size of sizes) expect(of(false, shmget, 0, size)).toBe(ALLOW)
      // What follows the check of an argument is still decided.
      expect(verdict(seccompFilter('x64', { watched: true }), { number: 41, args: [40, 1] })).toBe(EPERM)
    }
  })

  it('ends a process that calls for another architecture, and has no x32', () => {
    // i386, arm64 on x64 and the other way round.
    for (const arch of [0x40000003, audit.arm64]) expect(verdict(x64, { arch, number: 0 })).toBe(KILL)
    expect(verdict(arm64, { arch: audit.x64, number: 0 })).toBe(KILL)
    for (const number of [0x40000000, 0x40000000 + 425, 0xffffffff]) expect(verdict(x64, { number })).toBe(ENOSYS)
  })

  it('decides every number, and is as long as a filter may be', () => {
    for (let number = 0; number < 1_000; number++) {
      expect([ALLOW, EPERM, ENOSYS]).toContain(verdict(x64, { number, args: [1, 0] }))
      expect([ALLOW, EPERM, ENOSYS]).toContain(verdict(arm64, { arch: audit.arm64, number, args: [1, 0] }))
    }
    // BPF_MAXINSNS
    expect(x64.length / 8).toBeLessThanOrEqual(4_096)
  })

  it('has the kernel’s own numbers', () => {
    const { x64, arm64 } = committedNumbers()
    const source = readFileSync(new URL('../src/seccomp.ts', import.meta.url), 'utf8')
    const listed = [
      ...source.matchAll(/^ {2}(\w+): \[(\w+), (\w+)\],$/gm),
      ...source.matchAll(/^const (\w+): Numbers = \[(\w+), (\w+)\]/gm),
    ]
    expect(listed.length).toBeGreaterThan(50)
    for (const [, name = '', ours, theirs] of listed)
      expect([name, ours, theirs]).toEqual([name, String(x64[name]), String(arm64[name])])
  })
})
