import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'

export const agentRm: Command = command({
  name: 'agent rm',
  args: { agent: { type: 'positional', required: true, description: 'NAME@VERSION or sha256:DIGEST' } },
  examples: [{ line: 'seamark agent rm docs-writer@1', says: 'the same content may be pushed again' }],
  notes: ['--json gives { removed }: false where it was removed before.'],
  run: (context, args) =>
    withConnection(context, args, 'commands', async ({ client }) => {
      const answer = await client.removeAgent(args.agent)
      if (args.json === true) await context.io.out(`${JSON.stringify(answer)}\n`)
      else await context.io.out(`${args.agent} ${answer.removed ? 'is removed' : 'was removed before'}.\n`)
      return 0
    }),
})
