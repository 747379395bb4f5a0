import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { capacityError } from './capacity.ts'
import type { Identity } from './identity.ts'
import { SYSTEM_PATH } from './paths.ts'

/**
 * Pipes for the standard streams of attempts. What Node.js calls a pipe is a pair of sockets, and a
 * program can not open a socket again through `/dev/stdout` (ENXIO). Node.js can not make a pipe either,
 * so `mkfifo` makes them, a few at a time and ahead; they lose their names at once and are used once.
 */
export interface Pipes {
  /**
   * Both ends of an unused pipe. Errors: `LIMIT_EXCEEDED` where the host has no capacity or its disk
   * no space, `UNAVAILABLE`.
   */
  take(to: 'program' | 'supervisor'): Promise<PipeEnds>
  /** Leaves nothing on the disk. */
  close(): Promise<void>
}

/** Two open descriptors; theirs blocks. */
export interface PipeEnds {
  readonly ours: number
  readonly theirs: number
}

/** How many are made at once, so that few launches share their time with a `mkfifo`. A launch takes two or three. */
const batch = 64
/** How few are left when more are made. */
const low = 16

interface Pipe {
  /** Does not block. */
  readonly reader: number
  readonly writer: number
}

/**
 * Uses a folder for a moment whenever it makes pipes, and has made the first ones when it resolves.
 * What is opened again needs the right to: the pipes belong to the sandboxes' user where that is another one.
 */
export async function openPipes(folder: string, owner: Identity | undefined): Promise<Pipes> {
  const ready: Pipe[] = []
  let filling: Promise<void> | undefined

  const refill = () =>
    (filling ??= namelessPipes(folder, owner)
      .then((made) => void ready.push(...made))
      .finally(() => {
        filling = undefined
      }))
  // Nobody needs these yet; whoever finds none left tries again and is told.
  const refillAhead = () => refill().catch(() => undefined)
  await refillAhead()

  return {
    async take(to) {
      if (ready.length < low) void refillAhead()
      for (;;) {
        const pipe = ready.shift()
        if (pipe !== undefined) return to === 'program' ? toProgram(pipe) : { ours: pipe.reader, theirs: pipe.writer }
        await refill()
      }
    },
    async close() {
      // What failed left nothing behind.
      await filling?.catch(() => undefined)
      closeAll(ready.splice(0))
    },
  }
}

/** A program's input has to block, and is opened once more for that: a pipe that is open at both ends makes nobody wait. */
function toProgram({ reader, writer }: Pipe): PipeEnds {
  try {
    const ends = { ours: writer, theirs: openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY) }
    closeSync(reader)
    return ends
  } catch (error) {
    closeAll([{ reader, writer }])
    throw capacityError(error) ?? error
  }
}

/** A data folder with pipes in it could not be copied, so they lose their names. */
async function namelessPipes(folder: string, owner: Identity | undefined): Promise<Pipe[]> {
  const paths = Array.from({ length: batch }, (_, n) => join(folder, String(n)))
  const made: Pipe[] = []
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
    await makePipes(paths)
    for (const path of paths) {
      if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      made.push({ reader, writer: openWriter(path, reader) })
    }
    return made
  } catch (error) {
    closeAll(made)
    throw capacityError(error) ?? fromSystemError(error, `Making pipes in ${folder}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function openWriter(path: string, reader: number): number {
  try {
    return openSync(path, constants.O_WRONLY)
  } catch (error) {
    closeSync(reader)
    throw error
  }
}

function closeAll(pipes: readonly Pipe[]): void {
  for (const { reader, writer } of pipes) for (const fd of [reader, writer]) closeSync(fd)
}

async function makePipes(paths: readonly string[]): Promise<void> {
  let said = ''
  try {
    const child = spawn('mkfifo', ['-m', '600', ...paths], {
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended: readonly unknown[] = await once(child, 'close')
    if (ended[0] === 0) return
  } catch (error) {
    throw capacityError(error) ?? failed(systemCode(error) ?? String(error), error)
  }
  throw failed(said.trim().slice(0, 500))
}

function failed(why: string, cause?: unknown): SeamError {
  if (/No space left|quota exceeded/i.test(why))
    return new SeamError('LIMIT_EXCEEDED', `No pipe can be made: ${why}`, {
      remedy: 'Free space on the disk of the data folder.',
      cause,
    })
  return new SeamError('UNAVAILABLE', `No pipe can be made: ${why}`, {
    remedy: 'Install `mkfifo` (coreutils or busybox), and keep the data folder on a local file system.',
    cause,
  })
}
