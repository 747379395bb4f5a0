import type { OutputStream } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { closeSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import type { PipeEnds, Pipes } from './pipes.ts'

/** Input, output and errors of one attempt. */
export interface StandardStreams {
  /** What the program gets as its descriptors 0, 1 and 2. */
  readonly stdio: readonly ['ignore' | number, number, number]
  /** The program has them now, or never will: lets go of its ends and reads what it writes. */
  read(take: (stream: OutputStream, bytes: Buffer) => void): void
  /** Resolves when no process has the outputs open any more. */
  readonly ended: Promise<unknown>
  /** Reads no more for now, so that a program that writes waits once its pipe is full. */
  pause(): void
  resume(): void
  send(bytes: Uint8Array): Promise<void>
  /** Takes what is still in the pipes, at once, and lets go of them, also of those that were never read. */
  finish(): void
}

/** More than a pipe holds (1 MiB for ordinary users): a process that got away may write on for ever. */
const maxRest = 16 * 1024 * 1024

/** Errors: those of `Pipes.take`. */
export async function openStreams(pipes: Pipes, stdin: 'pipe' | 'none'): Promise<StandardStreams> {
  const taken: PipeEnds[] = []
  const take = async (to: 'program' | 'supervisor') => {
    const ends = await pipes.take(to)
    taken.push(ends)
    return ends
  }
  try {
    const [stdout, stderr] = [await take('supervisor'), await take('supervisor')]
    return streamsOf(stdout, stderr, stdin === 'pipe' ? await take('program') : undefined)
  } catch (error) {
    closeAll(taken)
    throw error
  }
}

function streamsOf(stdout: PipeEnds, stderr: PipeEnds, stdin: PipeEnds | undefined): StandardStreams {
  const pipes = [stdin, stdout, stderr].filter((ends) => ends !== undefined)
  const ended = Promise.withResolvers<unknown>()
  let outputs: readonly Reader[] | undefined
  let input: Socket | undefined
  return {
    stdio: [stdin?.theirs ?? 'ignore', stdout.theirs, stderr.theirs],
    ended: ended.promise,
    read(take) {
      for (const { theirs } of pipes) closeSync(theirs)
      outputs = [
        readerOf(stdout.ours, (bytes) => take('stdout', bytes)),
        readerOf(stderr.ours, (bytes) => take('stderr', bytes)),
      ]
      void Promise.all(outputs.map((output) => output.ended)).then(ended.resolve)
      if (stdin === undefined) return
      input = new Socket({ fd: stdin.ours, readable: false, writable: true })
      // A program that stops reading its input is no error of ours; `send` tells its caller.
      input.on('error', () => undefined)
    },
    pause() {
      for (const { socket } of outputs ?? []) socket.pause()
    },
    resume() {
      for (const { socket } of outputs ?? []) socket.resume()
    },
    send: (bytes) => write(input, bytes),
    finish() {
      input?.destroy()
      if (outputs === undefined) closeAll(pipes)
      else for (const output of outputs) output.finish()
    },
  }
}

interface Reader {
  readonly socket: Socket
  readonly ended: Promise<void>
  finish(): void
}

function readerOf(fd: number, take: (bytes: Buffer) => void): Reader {
  const socket = new Socket({ fd, readable: true, writable: false })
  socket.on('data', take)
  return {
    socket,
    ended: new Promise((resolve) => socket.once('end', resolve)),
    finish() {
      // What it had read when it was paused comes first, and goes the usual way.
      while (socket.read() !== null);
      // Closed already, and then the number may be another's.
      if (socket.destroyed) return
      takeRest(fd, take)
      socket.destroy()
    },
  }
}

function closeAll(pipes: readonly PipeEnds[]): void {
  for (const { ours, theirs } of pipes) for (const fd of [ours, theirs]) closeSync(fd)
}

function takeRest(fd: number, take: (bytes: Buffer) => void): void {
  for (let taken = 0; taken < maxRest;) {
    const bytes = Buffer.allocUnsafe(65_536)
    let size: number
    try {
      size = readSync(fd, bytes)
    } catch (error) {
      // Empty, and still open somewhere.
      if (systemCode(error) === 'EAGAIN') return
      throw error
    }
    if (size === 0) return
    take(bytes.subarray(0, size))
    taken += size
  }
}

export function noInput(): SeamError {
  return new SeamError('CONFLICT', 'The launch takes no input.', {
    remedy: 'Launch with stdin "pipe" and send while it runs.',
  })
}

function write(input: Socket | undefined, bytes: Uint8Array): Promise<void> {
  if (input === undefined || !input.writable) return Promise.reject(noInput())
  return new Promise((resolve, reject) => {
    input.write(bytes, (error) => {
      if (error instanceof Error) reject(noInput())
      else resolve()
    })
  })
}
