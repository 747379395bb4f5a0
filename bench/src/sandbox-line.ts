import type { LaunchSpec } from '@seamark/core'
import { prepareRoot, sandboxArguments, sandboxAvailable } from '@seamark/executor-sandbox'
import { sandboxIdentity } from '@seamark/supervisor'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export type SandboxLine =
  | { readonly ok: true; run(): Promise<string> }
  /** Why no sandbox can be built here. */
  | { readonly ok: false; readonly reason: string }

/**
 * The line that the sandbox executor makes of a spec, spawned by Node as the same user: the machine's limit for an
 * attempt. `run` resolves with its output when it has exited, and rejects where it fails.
 */
export async function sandboxLine(spec: LaunchSpec, folder: string): Promise<SandboxLine> {
  const available = await sandboxAvailable()
  if (!available.ok) return { ok: false, reason: available.problem.message }
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const args = sandboxArguments(spec, prepareRoot(folder, available.bubblewrap))
  const identity = sandboxIdentity()
  return {
    ok: true,
    run: () =>
      new Promise((resolve, reject) => {
        const child = spawn(available.bubblewrap, args, {
          cwd: '/',
          env: {},
          stdio: ['ignore', 'pipe', 'inherit'],
          ...identity,
        })
        let said = ''
        child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
        child.once('error', reject)
        child.once('exit', (code) => {
          if (code !== 0) reject(new Error(`bubblewrap ended with ${code}`))
          else if (child.stdout.readableEnded) resolve(said)
          else child.stdout.once('end', () => resolve(said))
        })
      }),
  }
}
