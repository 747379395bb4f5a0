import type { Policy } from '../../packages/core/src/index.ts'
import { parseAgent, parsePlan } from '../../packages/protocol/src/index.ts'
import type { PlanAgent, PlanDeployment } from '../../packages/protocol/src/index.ts'
import type { CodeBlock } from './blocks.ts'
import { placeOf } from './blocks.ts'

/** What is wrong in a plan, a part of one, or an agent. What only a deployment could have wrong is not looked at. */
export function planProblems(block: CodeBlock): readonly string[] {
  // Where the reader's own digest is.
  const text = block.text.replaceAll('<digest>', '0'.repeat(64))
  const result = text.startsWith('# agent.yaml')
    ? parseAgent(new TextEncoder().encode(text))
    : parsePlan(whole(text), { format: 'yaml', deployment: deploymentFor(text) })
  if (result.ok) return []
  return result.problems
    .filter(({ code }) => code === 'INVALID_INPUT' || code === 'LIMIT_EXCEEDED')
    .map(({ message }) => `${placeOf(block)}: ${message}`)
}

function whole(text: string): string {
  const has = (field: string) => new RegExp(`^${field}:`, 'm').test(text)
  if (has('setup')) return whole(`workspace:\n  git: .\n${text.replaceAll(/^(?=.)/gm, '  ')}`)
  return `${has('version') ? '' : 'version: 1\n'}${text}${has('items') ? '' : '\nitems: [{ id: any, run: ls }]\n'}`
}

const RUNTIME = 'of-agents'
const METERED: Policy = {
  network: {
    allow: [{ host: 'api.example', mode: 'endpoint', methods: ['POST'], paths: ['/*'], inject: 'key', meter: 'model' }],
  },
}

function agent(name: string, version: number): PlanAgent {
  const definition = { name, version, runtime: RUNTIME, input: {} }
  return { manifest: { sha256: '0'.repeat(64), size: 1 }, definition, files: [], policy: {}, outputs: [] }
}

/** One that has whatever the plan names and can hold all that plans may ask for. */
function deploymentFor(text: string): PlanDeployment {
  const named = (field: string) =>
    [...text.matchAll(new RegExp(`\\b${field}: ([\\w.-]+)`, 'g'))].map(([, name = '']) => name)
  const limit = 'enforced'
  const limits = { cpu: limit, memory: limit, pids: limit, disk: limit, idle: limit } as const
  const agents = [...text.matchAll(/\bagent: (([a-z-]+)@(\d+))/g)].map(
    ([, id = '', name = '', version]) => [id, agent(name, Number(version))] as const,
  )
  const others = [...named('runtime'), RUNTIME]
  // Items that say nothing of the network have that of the deployment, such as its host of a model.
  const policies = /\bmeter: /.test(text) || !text.includes('budget:') ? {} : { deployment: METERED }
  return {
    queues: ['default', ...named('queue')],
    agents: named('agent'),
    executors: ['sandbox', 'process', 'docker', ...named('executor')].map((name) => ({
      name,
      holds: {
        filesystem: 'private',
        network: 'none',
        companions: [...text.matchAll(/\bimage: (\S+)/g)].map(([, image = '']) => image),
        limits,
      },
    })),
    egress: { inject: named('inject'), meters: Object.fromEntries(named('meter').map((name) => [name, [/./]])) },
    versions: Object.fromEntries(agents),
    runtimes: ['command', ...others],
    lineRuntimes: ['command'],
    promptRuntimes: text.includes('prompt:') ? others : [],
    askingRuntimes: others,
    agentRuntimes: Object.fromEntries(others.map((name) => [name, ['instructions', 'skills', 'mcpServers']])),
    children: true,
    policies,
  }
}
