import { SeamError, systemCode } from '@seamark/kit'
import { spawn } from 'node:child_process'

export interface CommandRun {
  /** For messages: the name of the secret. */
  readonly ref: string
  /** The program, by its absolute path, and its arguments. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly maxBytes: number
  /** The exit code that says that there is no such secret. */
  readonly absentExitCode?: number
  readonly signal?: AbortSignal
}

/**
 * What a command wrote to standard output before it ended with 0; `undefined` where it says that there is nothing. Standard error is thrown away, since it may quote
 * what it works with. However the call ends, the command's process group is killed.
 *
 * Errors: `UNAVAILABLE` (can not be started, another exit code, a signal), `TIMEOUT`, `LIMIT_EXCEEDED`, `ABORTED`.
 */
export function runCommand(run: CommandRun): Promise<Buffer | undefined> {
  const { ref, argv, env, timeoutMs, maxBytes, absentExitCode, signal } = run
  const [program = '', ...args] = argv
  const failed = (code: 'UNAVAILABLE' | 'TIMEOUT' | 'LIMIT_EXCEEDED' | 'ABORTED', why: string): SeamError =>
    new SeamError(code, `The command of the secret ${ref} ${why}.`, {
      remedy: code === 'ABORTED' ? 'Ask again.' : 'Run it by hand, as the same user and with the same environment.',
    })
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(failed('ABORTED', 'was stopped on request'))
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    let over = false
    const child = started(program, args, env)
    if (child === undefined) {
      reject(failed('UNAVAILABLE', 'can not be started'))
      return
    }
    const end = (settle: () => void): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      killGroup(child.pid)
      child.stdout.destroy()
      settle()
    }
    const fail = (error: SeamError): void => end(() => reject(error))
    const onAbort = (): void => fail(failed('ABORTED', 'was stopped on request'))
    const timer = setTimeout(() => fail(failed('TIMEOUT', `took longer than ${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    child.on('error', (error) => fail(failed('UNAVAILABLE', `can not be started (${systemCode(error) ?? 'unknown'})`)))
    child.stdout.on('error', (error) =>
      fail(failed('UNAVAILABLE', `can not be read (${systemCode(error) ?? 'unknown'})`)),
    )
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) fail(failed('LIMIT_EXCEEDED', `wrote more than ${maxBytes} bytes`))
      else chunks.push(chunk)
    })
    child.on('close', (code, killedBy) => {
      if (code === 0) end(() => resolve(Buffer.concat(chunks)))
      else if (code !== null && code === absentExitCode) end(() => resolve(undefined))
      else fail(failed('UNAVAILABLE', killedBy === null ? `ended with ${code}` : `was ended by ${killedBy}`))
    })
  })
}

/** `undefined` where it can not be started. What is thrown then is left out: it quotes arguments and variables. */
function started(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  try {
    // A group of its own, so that what it starts ends with it.
    return spawn(program, args, { env: { ...env }, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  } catch {
    return undefined
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Nothing of it is left, which is what was wanted; on some systems a group of zombies says EPERM.
    if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error
  }
}
