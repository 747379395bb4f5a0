import type { Subject } from '@seamark/conformance'
import type { Signer } from '@seamark/core'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { sshAgentSigner } from './ssh-agent-signer.ts'

/** A signer with an agent of its own for one case of the suite, which has one key. */
export async function subject(): Promise<Subject<Signer> & { readonly socketPath: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-agent-'))
  const socketPath = join(dir, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socketPath], { stdio: ['ignore', 'pipe', 'ignore'] })
  // It says where it listens once it does.
  await once(agent.stdout, 'data')
  const file = join(dir, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
  execFileSync('ssh-add', ['-q', file], { env: { ...env, SSH_AUTH_SOCK: socketPath } })
  const publicKey = await readFile(`${file}.pub`, 'utf8')
  const open = () => sshAgentSigner({ socketPath, publicKey, role: 'log' })
  return {
    seam: open(),
    socketPath,
    reopen: async () => open(),
    async dispose() {
      const ended = once(agent, 'exit')
      agent.kill()
      await ended
      await rm(dir, { recursive: true, force: true })
    },
  }
}
