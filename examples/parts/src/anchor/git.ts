import { SeamError, throwIfAborted } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { env } from 'node:process'

export interface GitAnswer {
  readonly code: number | null
  readonly out: string
}

const mostBytes = 1_048_576
const timeoutMs = 60_000

/**
 * Runs git and gives its exit code and standard output. What it says on standard error is not kept: it may have an address with a
 * password. Errors: `ABORTED`, `UNAVAILABLE` where git is not installed, took over a minute or wrote over a mebibyte.
 */
export async function git(
  args: readonly string[],
  { input = '', signal }: { readonly input?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<GitAnswer> {
  throwIfAborted(signal)
  const stop = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn('git', args, {
        // Nobody is there to type a password.
        env: { ...env, GIT_TERMINAL_PROMPT: '0' },
        stdio: ['pipe', 'pipe', 'ignore'],
        signal: stop,
      })
      const parts: Buffer[] = []
      let bytes = 0
      child.stdout.on('data', (part: Buffer) => {
        bytes += part.byteLength
        if (bytes > mostBytes) child.kill()
        else parts.push(part)
      })
      child.on('error', reject)
      child.on('close', (code) => {
        if (bytes > mostBytes) reject(new Error('It wrote too much.'))
        else resolve({ code, out: Buffer.concat(parts).toString('utf8') })
      })
      // A git that ends early does not read what it was given.
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
    })
  } catch (error) {
    throwIfAborted(signal)
    throw new SeamError(
      'UNAVAILABLE',
      `git ${args.find((word) => /^[a-z][a-z-]+$/.test(word)) ?? ''} did not answer.`,
      {
        cause: error,
        remedy: 'See that git is installed, and that the repository answers: git ls-remote REPOSITORY.',
      },
    )
  }
}
