import type { AgentDetail } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'

export const agentShow: Command = command({
  name: 'agent show',
  args: {
    agent: { type: 'positional', required: true, description: 'NAME@VERSION, sha256:DIGEST, or NAME for its newest' },
  },
  examples: [{ line: 'seamark agent show docs-writer', says: 'the newest version that is not removed' }],
  notes: ['--json gives AgentDetail; see the documentation of the wire.'],
  run: (context, args) =>
    withConnection(context, args, 'commands', async ({ client }) => {
      const { io } = context
      const agent = await client.agent(args.agent)
      await io.out(args.json === true ? `${JSON.stringify(agent)}\n` : text(agent, io.style))
      return 0
    }),
})

function text({ name, version, digest, removedAt, definition, files }: AgentDetail, style: Style): string {
  const removed = removedAt === undefined ? '' : `  ${style.yellow('removed')}`
  const said = Object.entries(definition)
    .filter(([field]) => field !== 'name' && field !== 'version')
    .map(([field, value]) => `  ${field}: ${harmless(typeof value === 'string' ? value : JSON.stringify(value))}`)
  const held = files.map(({ path, sha256, size }) => `  ${path}  ${size} bytes  ${style.dim(`sha256:${sha256}`)}`)
  return [`${style.bold(`${name}@${version}`)}  sha256:${digest}${removed}`, ...said, ...held, ''].join('\n')
}
