import type { Executor, ExecutorEvent, Exit, LaunchSpec, LaunchState, OutputStream } from '@seamark/core'
import { base32, sleep } from '@seamark/kit'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, within } from './check.ts'
import type { Subject } from './suite.ts'

/** The argv of each tiny program that the cases need, in the language of the executor's sandboxes. */
export interface ExecutorPrograms {
  readonly exit: (code: number) => readonly string[]
  /** Ends by this signal, such as `SIGTERM`. */
  readonly signal: (name: string) => readonly string[]
  readonly print: (stream: OutputStream, bytes: Uint8Array) => readonly string[]
  /** Opens `/dev/stdout` or `/dev/stderr` anew and writes to that. */
  readonly reopen: (stream: OutputStream, text: string) => readonly string[]
  readonly sleep: (ms: number) => readonly string[]
  /** Writes each text to stdout, with a pause after each. */
  readonly chunks: (pauseMs: number, texts: readonly string[]) => readonly string[]
  /** Writes to stdout without end. */
  readonly flood: () => readonly string[]
  /** Copies its input to stdout. */
  readonly cat: () => readonly string[]
  /** Writes `NAME=VALUE` and a NUL for each variable. */
  readonly env: () => readonly string[]
  /** Writes each argument and a NUL. */
  readonly arguments: (texts: readonly string[]) => readonly string[]
  /** Writes its working folder and a newline. */
  readonly pwd: () => readonly string[]
  /** Appends to a file; where it can not, it ends with another code than 0. */
  readonly append: (path: string, text: string) => readonly string[]
  readonly read: (path: string) => readonly string[]
  /** Starts something in a session of its own that appends to a file again and again, sees it written once, then sleeps (0: ends). */
  readonly daemon: (path: string, thenSleepMs: number) => readonly string[]
  /** Keeps two processors busy for this time by the clock, then writes what `times` of POSIX does: the second line is its children's. */
  readonly spin: (ms: number) => readonly string[]
  /** Holds this much memory for a moment, then ends with 0. */
  readonly allocate: (bytes: number) => readonly string[]
  /** Tries to start so many processes that stay, then sleeps (0: ends with 0). */
  readonly processes: (count: number, thenSleepMs: number) => readonly string[]
  /** Writes a file of zeros, then sleeps (0: ends with 0). */
  readonly fill: (path: string, bytes: number, thenSleepMs: number) => readonly string[]
}

/** An executor under test. Without programs it must have a POSIX shell at `/bin/sh`. */
export interface ExecutorSubject extends Subject<Executor> {
  readonly programs?: ExecutorPrograms
}

const shell = (script: string, ...args: readonly string[]) => ['/bin/sh', '-c', script, 'sh', ...args]
const octal = (bytes: Uint8Array) => [...bytes].map((byte) => '\\' + byte.toString(8).padStart(3, '0')).join('')
const seconds = (ms: number) => String(ms / 1000)
const home = 'PATH=/usr/local/bin:/usr/bin:/bin; '

/** The programs in the shell of any POSIX system with coreutils or busybox. */
export const posixPrograms: ExecutorPrograms = {
  exit: (code) => shell('exit "$1"', String(code)),
  signal: (name) => shell('kill -s "$1" $$', name.replace(/^SIG/, '')),
  print: (stream, bytes) => shell(stream === 'stdout' ? 'printf "$1"' : 'printf "$1" >&2', octal(bytes)),
  reopen: (stream, text) => shell('printf %s "$2" > "/dev/$1"', stream, text),
  sleep: (ms) => shell(home + 'exec sleep "$1"', seconds(ms)),
  chunks: (pauseMs, texts) =>
    shell(home + 'pause=$1; shift; for text do printf %s "$text"; sleep "$pause"; done', seconds(pauseMs), ...texts),
  flood: () => shell('while :; do printf %s "$1"; done', 'x'.repeat(4096)),
  cat: () => ['/bin/cat'],
  env: () => ['/usr/bin/env', '-0'],
  arguments: (texts) => shell(`for text do printf '%s\\0' "$text"; done`, ...texts),
  pwd: () => ['/bin/pwd'],
  append: (path, text) => shell('printf %s "$2" >> "$1"', path, text),
  read: (path) => ['/bin/cat', path],
  daemon: (path, ms) =>
    shell(
      home +
        'setsid sh -c \'while :; do printf x >> "$1"; sleep 0.01; done\' sh "$1" < /dev/null > /dev/null 2>&1 & ' +
        'while [ ! -s "$1" ]; do sleep 0.01; done; sleep "$2"',
      path,
      seconds(ms),
    ),
  spin: (ms) =>
    shell(
      home +
        '(while :; do :; done) & a=$!; (while :; do :; done) & b=$!; sleep "$1"; ' +
        'kill -s KILL $a $b; wait $a $b 2> /dev/null; times',
      seconds(ms),
    ),
  allocate: (bytes) => shell(home + 'x=$(head -c "$1" /dev/zero | tr "\\0" x); exit $((${#x} != $1))', String(bytes)),
  // A shell that can not start a process ends, so another one tries.
  processes: (count, ms) =>
    shell(
      home + '(i=0; while [ $i -lt "$1" ]; do sleep 60 & i=$((i + 1)); done) > /dev/null 2>&1; exec sleep "$2"',
      String(count),
      seconds(ms),
    ),
  fill: (path, bytes, ms) =>
    shell(home + 'head -c "$2" /dev/zero > "$1"; exec sleep "$3"', path, String(bytes), seconds(ms)),
}

export function programsOf(subject: Subject<Executor>): ExecutorPrograms {
  return hasPrograms(subject) ? subject.programs : posixPrograms
}

function hasPrograms(subject: Subject<Executor>): subject is ExecutorSubject & { readonly programs: ExecutorPrograms } {
  return 'programs' in subject && subject.programs !== undefined
}

export function newLaunchId(): string {
  return 'sm' + base32(randomBytes(20))
}

export function specOf(argv: readonly string[], more: Partial<LaunchSpec> = {}): LaunchSpec {
  return { argv, env: {}, cwd: '/', mounts: [], ...more }
}

/** Launches under a new id; the answer must be `launched`. */
export async function launched(seam: Executor, spec: LaunchSpec, launchId: string = newLaunchId()): Promise<string> {
  const answer = await within(seam.launch(launchId, spec), 'launch')
  if (answer.outcome !== 'launched') fail(`launch was refused for want of ${answer.reason}`)
  return launchId
}

/** Waits until a launch is in a state that satisfies the test. */
export async function stateThat(
  seam: Executor,
  launchId: string,
  test: (state: LaunchState) => boolean,
  what: string,
): Promise<LaunchState> {
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(5)) {
    const state = await within(seam.attach(launchId), 'attach')
    if (test(state)) return state
  }
  return fail(`${launchId} never was ${what}`)
}

export async function exitOf(seam: Executor, launchId: string): Promise<Exit> {
  const state = await stateThat(seam, launchId, ({ state: name }) => name !== 'running', 'ended')
  return state.state === 'exited' ? state.exit : fail(`expected an exit, got the state ${state.state}`)
}

/** Launches and waits for the end. */
export async function run(
  seam: Executor,
  spec: LaunchSpec,
): Promise<{ readonly launchId: string; readonly exit: Exit }> {
  const launchId = await launched(seam, spec)
  return { launchId, exit: await exitOf(seam, launchId) }
}

export async function outputOf(
  seam: Executor,
  launchId: string,
  stream: OutputStream = 'stdout',
  fromByte = 0,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const read = async () => {
    for await (const chunk of seam.output(launchId, stream, fromByte)) chunks.push(chunk)
  }
  await within(read(), 'output')
  return Buffer.concat(chunks)
}

/** Events until one satisfies the test, and that one. */
export async function eventsUntil(
  seam: Executor,
  cursor: string | undefined,
  last: (event: ExecutorEvent) => boolean,
): Promise<ExecutorEvent[]> {
  const stop = new AbortController()
  const seen: ExecutorEvent[] = []
  const read = async () => {
    for await (const event of seam.events(cursor, { signal: stop.signal })) {
      seen.push(event)
      if (last(event)) return
    }
    fail('the stream of events ended')
  }
  try {
    await within(read(), 'events')
  } finally {
    stop.abort()
  }
  return seen
}

/** A folder of this host for one case, and a mount that shows it to an attempt. */
export async function withFolder(
  seam: Executor,
  use: (folder: string, mount: LaunchSpec['mounts'][number]) => Promise<void>,
): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'seamark-case-')))
  const target = seam.guarantees.filesystem === 'private' ? '/case' : folder
  try {
    await use(folder, { source: folder, target, mode: 'read-write' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The size of a file of this host, 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return readFile(path).then(
    (content) => content.byteLength,
    () => 0,
  )
}

/** Fails if a file still grows. */
export async function mustRest(path: string, what: string): Promise<void> {
  const before = await sizeOf(path)
  await sleep(200)
  const after = await sizeOf(path)
  if (after !== before) fail(`${what}: the file still grew, from ${before} to ${after} bytes`)
}
