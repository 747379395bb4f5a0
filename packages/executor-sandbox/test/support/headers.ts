import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** Numbers of system calls by name, of each architecture that has a filter. */
export interface Numbers {
  readonly x64: Readonly<Record<string, number>>
  readonly arm64: Readonly<Record<string, number>>
}

/** The headers of Debian's `linux-libc-dev`. arm64 has the numbers that are the same for all newer architectures. */
const headers = {
  x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
} as const

/** Numbers of the headers that are installed here. */
export function installedNumbers(): Partial<Numbers> {
  return {
    ...(existsSync(headers.x64) && { x64: numbersOf(headers.x64) }),
    ...(existsSync(headers.arm64) && { arm64: numbersOf(headers.arm64) }),
  }
}

/** The committed table, which is there where no headers are. */
export function committedNumbers(): Numbers {
  const numbers: unknown = JSON.parse(readFileSync(new URL('./syscalls.json', import.meta.url), 'utf8'))
  if (isNumbers(numbers)) return numbers
  throw new TypeError('syscalls.json is no table of system calls.')
}

function isNumbers(value: unknown): value is Numbers {
  return typeof value === 'object' && value !== null && 'x64' in value && 'arm64' in value
}

function numbersOf(path: string): Record<string, number> {
  const lines = readFileSync(path, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$/gm)
  const calls = [...lines].map(([, name = '', number]): [string, number] => [name, Number(number)])
  // How many there are is no call.
  return Object.fromEntries(calls.filter(([name]) => name !== 'syscalls'))
}

// As a program: prints the table of this machine's headers.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(JSON.stringify(installedNumbers(), undefined, 2))
