import type { SeamarkConfig } from '@seamark/config'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { acp } from '@seamark/runtime-acp'
import { claudeCode } from '@seamark/runtime-claude-code'
import { command } from '@seamark/runtime-command'
import { environmentSecrets } from '@seamark/secrets-local'
import type { Model } from './model.ts'
import type { Program } from './program.ts'

export interface AgentSetting {
  /** Absolute path of the data folder. */
  readonly data: string
  readonly model: Pick<Model, 'host' | 'port' | 'ca' | 'variable'>
  readonly program: Pick<Program, 'file'>
}

const inside = '/opt/agents/claude'

/** One host that can be reached, by one path, with a key that is added outside; and what drives the agent. */
export function agentConfiguration({ data, model, program }: AgentSetting): SeamarkConfig {
  const { host, port, ca, variable } = model
  const endpoint = port === 443 ? host : `${host}:${port}`
  const binds = program.file === undefined ? [] : [{ source: program.file, target: inside }]
  return {
    executors: [sandboxExecutor({ dir: data, toolchain: { binds } })],
    runtimes: [
      command(),
      acp({
        name: 'small',
        argv: ['node', 'agent.mjs'],
        env: { ANTHROPIC_API_KEY: 'placeholder' },
        endpoints: { ANTHROPIC_BASE_URL: endpoint },
        versions: { from: '1.0.0', below: '2' },
      }),
      // The one that is there, also where it is later than what is tested.
      claudeCode({
        argv: [inside],
        endpoints: { ANTHROPIC_BASE_URL: endpoint },
        versions: { from: '2.1.330', below: '2.2.0' },
      }),
    ],
    secrets: environmentSecrets({ environment: process.env, variables: { 'model-key': variable } }),
    policy: {
      network: {
        allow: [
          {
            host,
            port,
            mode: 'endpoint',
            methods: ['POST'],
            paths: ['/v1/messages*'],
            inject: 'model-key',
            meter: 'model',
          },
        ],
      },
    },
    egress: {
      credentials: { 'model-key': { way: 'header', header: 'x-api-key' } },
      meters: { model: { hosts: { [host]: 'anthropic' } } },
      ...(ca !== undefined && { extraCas: [ca], privateRanges: ['127.0.0.0/8'] }),
    },
  }
}
