import { sha256Hex } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import { agentDifference } from '../agent-diff.ts'
import type { AgentDifference, Compared } from '../agent-diff.ts'
import { readAgentFolder } from '../agent-folder.ts'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'

const WHICH = 'NAME@VERSION, NAME, sha256:DIGEST, or a folder such as ./docs-writer'

export const agentDiff: Command = command({
  name: 'agent diff',
  args: {
    from: { type: 'positional', required: true, description: WHICH },
    to: { type: 'positional', required: true, description: 'The same' },
  },
  examples: [
    { line: 'seamark agent diff docs-writer@2 docs-writer@3', says: 'fields of agent.yaml, and files' },
    { line: 'seamark agent diff docs-writer ./agents/docs-writer', says: 'what a push would bring' },
  ],
  notes: [
    'A folder has a slash in it. Exit code 0 also where they differ.',
    '--json gives { definition: [{ field, from?, to? }], files: [{ path, from?, to? }] }, files by their SHA-256.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'commands', async ({ client }) => {
      const { io, cwd } = context
      const difference = agentDifference(await found(client, cwd, args.from), await found(client, cwd, args.to))
      await io.out(args.json === true ? `${JSON.stringify(difference)}\n` : text(difference, io.style))
      return 0
    }),
})

async function found(client: SeamarkClient, cwd: string, name: string): Promise<Compared> {
  if (!name.includes('/')) return client.agent(name)
  const { agent, files } = await readAgentFolder(cwd, name)
  return {
    definition: agent.definition,
    files: files.map(({ path, bytes }) => ({ path, sha256: sha256Hex(bytes), size: bytes.byteLength })),
  }
}

function text({ definition, files }: AgentDifference, style: Style): string {
  if (definition.length + files.length === 0) return 'They are the same.\n'
  const lines = [
    ...definition.flatMap(({ field, from, to }) => [
      ...(from === undefined ? [] : [style.red(`- ${field}: ${shown(from)}`)]),
      ...(to === undefined ? [] : [style.green(`+ ${field}: ${shown(to)}`)]),
    ]),
    ...files.map(({ path, from, to }) => {
      if (from === undefined) return style.green(`+ ${path}`)
      return to === undefined ? style.red(`- ${path}`) : style.yellow(`~ ${path}`)
    }),
  ]
  return `${lines.join('\n')}\n`
}

function shown(value: unknown): string {
  return harmless(typeof value === 'string' ? value : JSON.stringify(value))
}
