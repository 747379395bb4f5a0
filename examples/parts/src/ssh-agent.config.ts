import { defineConfig } from '@seamark/config'
import { env } from 'node:process'
import { sshAgentSigner } from './signer/ssh-agent-signer.ts'

const { LOG_AGENT = '/run/seamark/log-agent', LOG_KEY = '' } = env

export default defineConfig({
  signer: sshAgentSigner({ socketPath: LOG_AGENT, publicKey: LOG_KEY, role: 'log' }),
})
