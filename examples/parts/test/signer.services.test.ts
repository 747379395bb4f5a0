import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { begin, NODE, place, runs, until } from '../../../apps/server/test/seamark.ts'
import { sshAgentSigner } from '../src/signer/ssh-agent-signer.ts'
import { subject } from '../src/signer/subject.ts'

registerSuite(signerSuite, subject, { describe, it })
registerSaboteurs(signerSuite, subject, { describe, it })
registerSuite(underTraits(signerSuite, subject), subject, { describe, it })

describe('what the suite does not know of agents', () => {
  const bytes = Uint8Array.of(1, 2, 3)

  it('tells a key that is gone from an agent that is', async () => {
    const { seam, socketPath, dispose } = await subject()
    execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: socketPath } })
    await expect(seam.sign(bytes)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await dispose()
    await expect(seam.sign(bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it.each(['', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA', 'ssh-ed25519 AAAA', `ssh-ed25519 ${'A'.repeat(68)}`])(
    'takes no other key: %s',
    (publicKey) => {
      expect(() => sshAgentSigner({ socketPath: '/nowhere', publicKey, role: 'log' })).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      )
    },
  )
})

it('signs the log of a deployment', async () => {
  const { socketPath, dispose } = await subject()
  const at = place()
  const keys = execFileSync('ssh-add', ['-L'], { env: { ...process.env, SSH_AUTH_SOCK: socketPath }, encoding: 'utf8' })
  const seamark = async (...argv: string[]): Promise<string> => {
    const config = ['--config', join(import.meta.dirname, '../src/ssh-agent.config.ts')]
    const { code, out, err } = await begin(at.dir, [...NODE, ...argv, ...config], {
      LOG_AGENT: socketPath,
      LOG_KEY: keys,
    }).ended
    return code === 0 ? out : expect.fail(`${code}: ${out}${err}`)
  }
  try {
    at.write(
      'plan.yaml',
      'version: 1\nname: signed\nworkspace: { git: work }\nitems: [{ id: one, run: ls, executor: process }]\n',
    )
    at.repository('work', { 'a.txt': 'a\n' })
    await seamark('run', 'plan.yaml')
    await seamark('keys', 'export', '-o', 'trust.json')
    await seamark('evidence', 'export', 'last', '-o', 'evidence.tar')
    expect(JSON.parse(await seamark('verify', 'evidence.tar', '--trust', 'trust.json', '--json')).verdict).toBe(
      'verified',
    )
    expect(existsSync(join(at.data, 'keys/log.pem'))).toBe(false)
  } finally {
    await until(() => !runs(at.dir))
    at.remove()
    await dispose()
  }
})
