import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that was started here. */
export interface RunningServer {
  /** Stops it and removes its folder. Idempotent. */
  readonly stop: () => Promise<void>
}

/** A process that ends with the one that started it, however that ends. */
export interface KeptProcess {
  readonly name: string
  /** Resolves with its exit code, or `undefined` where a signal ended it. */
  readonly exited: Promise<number | undefined>
  /** What it wrote so far, both streams. */
  output(): Promise<string>
  /** Ends it, after five seconds with SIGKILL. Resolves when it is gone. */
  readonly stop: () => Promise<void>
}

export interface KeptOptions {
  /** Folder of its output, `<name>.out`. */
  readonly dir: string
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
  /** The signal that ends it. Default `TERM`; `KILL` for what has nothing to save and is slow to leave. */
  readonly endsBy?: 'TERM' | 'KILL'
}

// File descriptor 3 is a pipe from the process that started this. It reads as ended when that one closes it or is
// gone, killed too; then the command is ended. The watching subshell is not the command's parent, so the command does
// not stay a zombie while it is asked for.
const keeper = `"$@" </dev/null 3<&- & child=$!
( read -r _ <&3
  kill -$SEAMARK_END $child 2>/dev/null
  n=0
  while kill -0 $child 2>/dev/null; do
    n=$((n+1)); [ $n -gt 50 ] && kill -KILL $child 2>/dev/null
    sleep 0.1
  done ) & watcher=$!
trap 'kill -TERM $child 2>/dev/null' TERM INT HUP
code=0
while :; do
  wait $child; code=$?
  kill -0 $child 2>/dev/null || break
done
kill $watcher 2>/dev/null
exit $code`

/** Starts a program in the foreground, kept by a shell that ends it when this process is gone. */
export function keep(argv: readonly string[], { dir, name, env = {}, endsBy = 'TERM' }: KeptOptions): KeptProcess {
  const path = join(dir, `${name}.out`)
  const out = openSync(path, 'w')
  const shell = spawn('sh', ['-c', keeper, 'keeper', ...argv], {
    cwd: dir,
    env: { ...process.env, ...env, SEAMARK_END: endsBy },
    stdio: ['ignore', out, out, 'pipe'],
  })
  closeSync(out)
  const pipe = shell.stdio[3]
  // The shell may be gone when the pipe is closed.
  pipe?.on('error', () => undefined)
  const exited = new Promise<number | undefined>((resolve, reject) => {
    shell.once('error', reject)
    shell.once('exit', (code) => resolve(code ?? undefined))
  })
  // Heard by whoever waits for it; nobody has to.
  exited.catch(() => undefined)
  return {
    name,
    exited,
    output: () => readFile(path, 'utf8'),
    async stop() {
      pipe?.destroy()
      await exited
    },
  }
}

/** Runs a program to its end. Rejects with its output where it fails or takes longer. */
export async function runToEnd(
  argv: readonly string[],
  options: KeptOptions & { readonly timeoutMs?: number },
): Promise<string> {
  const kept = keep(argv, options)
  const timeoutMs = options.timeoutMs ?? 60_000
  const late = new AbortController()
  const ended = await Promise.race([
    kept.exited.then((code) => ({ code })),
    sleep(timeoutMs, undefined, { signal: late.signal }).then(
      () => undefined,
      () => undefined,
    ),
  ])
  late.abort()
  if (ended?.code === 0) return kept.output()
  await kept.stop()
  const how = ended === undefined ? `took longer than ${timeoutMs} ms` : `ended with ${ended.code ?? 'a signal'}`
  throw new Error(`${argv.join(' ')} ${how}:\n${await kept.output()}`)
}

/** Waits until `answers` is true. Rejects where one of the processes ends before, with what it wrote. */
export async function untilReady(
  answers: () => Promise<boolean>,
  processes: readonly KeptProcess[],
  timeoutMs = 60_000,
): Promise<void> {
  const over = new AbortController()
  const ended = Promise.race(
    processes.map(async (kept) => {
      const code = await kept.exited
      throw new Error(`${kept.name} ended with ${code ?? 'a signal'} while it started:\n${await kept.output()}`)
    }),
  )
  ended.catch(() => undefined)
  const ready = async (): Promise<void> => {
    const until = Date.now() + timeoutMs
    while (!(await answers())) {
      if (over.signal.aborted) return
      if (Date.now() > until) throw new Error(`${processes.at(-1)?.name} did not answer for ${timeoutMs} ms.`)
      await sleep(50)
    }
  }
  try {
    await Promise.race([ready(), ended])
  } finally {
    over.abort()
  }
}

/** A port of the loopback address that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('No port.')),
      )
    })
  })
}

/** Whether something speaks HTTP there. */
export async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return true
  } catch {
    // Not yet.
    return false
  }
}
