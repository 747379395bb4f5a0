import type { LaunchLimits, OutputStream } from '@seamark/core'
import { sleep } from '@seamark/kit'
import { appendFile, readFile, writeFile } from 'node:fs/promises'

/** What a program of the in-memory executor can see and do. */
export interface MemoryProcess {
  /** Without the program's own name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stdin: AsyncIterable<Uint8Array>
  /** Fires when the tree is killed. */
  readonly signal: AbortSignal
  /** Fails with `ABORTED` once the tree is killed. */
  readonly write: (stream: OutputStream, bytes: Uint8Array) => void
  readonly limits: LaunchLimits
  /** Takes so much of something; past its limit the tree is killed, and this fails with `ABORTED`. */
  readonly use: (what: 'memory' | 'pids' | 'disk', amount: number) => void
  /** The host's path of one inside, by the mounts; for `write` only below a mount that can be written. */
  readonly resolve: (path: string, mode: 'read' | 'write') => string | undefined
}

/** A program: its result is its exit code, or the signal that ended it. */
export type MemoryProgram = (process: MemoryProcess) => Promise<number | { readonly signal: string }>

/**
 * The programs that an in-memory executor has, by the first word of `argv`:
 * `exit CODE`, `signal NAME`, `print STREAM BASE64`, `reopen STREAM TEXT`, `sleep MS`, `chunks PAUSE-MS TEXT…`, `flood`, `cat` (copies its input),
 * `env` and `arguments TEXT…` (entries that each end with a NUL), `pwd`, `append PATH TEXT`,
 * `daemon PATH` (leaves something behind that appends until the tree is dead, then ends),
 * `daemon-and-sleep PATH MS`, `spin MS` (tells the time of two processors, or its limit of them), `allocate BYTES`,
 * `processes COUNT MS` and `fill PATH BYTES MS` (which then sleep).
 */
export const memoryPrograms: Readonly<Record<string, MemoryProgram>> = {
  exit: async ({ args }) => Number(args[0]),
  signal: async ({ args }) => ({ signal: args[0] ?? 'SIGKILL' }),
  async print({ args, write }) {
    write(args[0] === 'stderr' ? 'stderr' : 'stdout', Buffer.from(args[1] ?? '', 'base64'))
    return 0
  },
  async reopen({ args: [stream, text = ''], write }) {
    write(stream === 'stderr' ? 'stderr' : 'stdout', Buffer.from(text))
    return 0
  },
  async sleep({ args, signal }) {
    await sleep(Number(args[0]), signal)
    return 0
  },
  async chunks({ args: [pause, ...texts], write, signal }) {
    for (const text of texts) {
      write('stdout', Buffer.from(text))
      await sleep(Number(pause), signal)
    }
    return 0
  },
  async flood({ write, signal }) {
    for (;;) {
      write('stdout', Buffer.alloc(4096, 'x'))
      await sleep(0, signal)
    }
  },
  async cat({ stdin, write }) {
    for await (const bytes of stdin) write('stdout', bytes)
    return 0
  },
  async env({ env, write }) {
    for (const [name, value] of Object.entries(env)) write('stdout', Buffer.from(`${name}=${value}\0`))
    return 0
  },
  async arguments({ args, write }) {
    for (const text of args) write('stdout', Buffer.from(`${text}\0`))
    return 0
  },
  async pwd({ cwd, write }) {
    write('stdout', Buffer.from(`${cwd}\n`))
    return 0
  },
  async append({ args: [path = '', text = ''], resolve, write }) {
    const place = resolve(path, 'write')
    if (place === undefined) {
      write('stderr', Buffer.from('read-only\n'))
      return 1
    }
    await appendFile(place, text)
    return 0
  },
  async read({ args: [path = ''], resolve, write }) {
    const place = resolve(path, 'read')
    if (place === undefined) return 1
    write('stdout', await readFile(place))
    return 0
  },
  async daemon({ args: [path = ''], resolve, signal }) {
    await leaveDaemon(resolve(path, 'write'), signal)
    return 0
  },
  async 'daemon-and-sleep'({ args: [path = '', ms], resolve, signal }) {
    await leaveDaemon(resolve(path, 'write'), signal)
    await sleep(Number(ms), signal)
    return 0
  },
  async spin({ args: [ms], limits, signal, write }) {
    await sleep(Number(ms), signal)
    const seconds = (Number(ms) / 1000) * Math.min(limits.cpu ?? 2, 2)
    write('stdout', Buffer.from(`0m0.00s 0m0.00s\n0m${seconds.toFixed(2)}s 0m0.00s\n`))
    return 0
  },
  async allocate({ args: [bytes], use }) {
    use('memory', Number(bytes))
    return 0
  },
  async processes({ args: [count, ms], use, signal }) {
    use('pids', Number(count) + 1)
    await sleep(Number(ms), signal)
    return 0
  },
  async fill({ args: [path = '', bytes, ms], use, resolve, signal }) {
    const place = resolve(path, 'write')
    if (place === undefined) return 1
    use('disk', Number(bytes))
    await writeFile(place, new Uint8Array(Number(bytes)))
    await sleep(Number(ms), signal)
    return 0
  },
}

async function leaveDaemon(place: string | undefined, signal: AbortSignal): Promise<void> {
  if (place === undefined) return
  await appendFile(place, 'x')
  // Until the folder is gone, as a case ends.
  const timer = setInterval(() => void appendFile(place, 'x').catch(() => clearInterval(timer)), 10)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
