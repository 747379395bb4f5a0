import { spawn } from 'node:child_process'
import { SeamError, systemCode } from '@seamark/kit'

export interface GitAnswer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs git. `env` is the whole environment; without it, this process's own. Errors: `UNAVAILABLE` where it can not be started. */
export function runGit(
  cwd: string,
  args: readonly string[],
  { input, env }: { readonly input?: Uint8Array; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, stdio: ['pipe', 'pipe', 'pipe'], ...(env && { env: { ...env } }) })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (cause) =>
      reject(
        new SeamError('UNAVAILABLE', `git could not be started: ${systemCode(cause) ?? cause.message}.`, {
          remedy: 'Install git, and see that PATH leads to it.',
          cause,
        }),
      ),
    )
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    // git may end before it has read all of its input; its exit code tells why.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
