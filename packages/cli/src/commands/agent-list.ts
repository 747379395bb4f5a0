import type { AgentView } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import type { Style } from '../style.ts'

export const agentList: Command = command({
  name: 'agent list',
  args: {},
  examples: [{ line: 'seamark agent list', says: 'names, versions and digests' }],
  notes: ['--json gives { agents: [{ name, version, digest, files, size, pushedBy, pushedAt, removedAt? }] }.'],
  run: (context, args) =>
    withConnection(context, args, 'commands', async ({ client }) => {
      const { io } = context
      const agents = await client.agents()
      await io.out(args.json === true ? `${JSON.stringify({ agents })}\n` : table(agents, io.style))
      return 0
    }),
})

function table(agents: readonly AgentView[], style: Style): string {
  if (agents.length === 0) return 'There are no agents. Push one: seamark agent push DIR\n'
  const named = agents.map((agent) => ({ ...agent, text: `${agent.name}@${agent.version}` }))
  const width = Math.max(...named.map(({ text }) => text.length))
  return named
    .map(({ text, digest, pushedAt, removedAt }) => {
      const end = removedAt === undefined ? '' : `  ${style.yellow('removed')}`
      return `${text.padEnd(width)}  ${style.dim(`sha256:${digest.slice(0, 12)}`)}  ${new Date(pushedAt).toISOString()}${end}\n`
    })
    .join('')
}
