import { pushBodyOf, readAgentFolder } from '../agent-folder.ts'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { reportError } from '../report-error.ts'
import { counted } from '../words.ts'

export const agentPush: Command = command({
  name: 'agent push',
  args: { dir: { type: 'positional', required: true, description: 'Folder with agent.yaml' } },
  examples: [{ line: 'seamark agent push agents/docs-writer', says: 'then in a plan: agent: docs-writer@1' }],
  notes: [
    'The folder holds agent.yaml, and AGENTS.md or CLAUDE.md, skills/NAME/SKILL.md and .mcp.json where the agent has them.',
    'A version has one content for ever: raise version in agent.yaml to push another.',
    '--json gives { name, version, digest, files, size, pushedBy, pushedAt, created }.',
  ],
  async run(context, args) {
    const { io } = context
    try {
      const folder = await readAgentFolder(context.cwd, args.dir)
      const answer = await withConnection(context, args, 'commands', ({ client }) =>
        client.pushAgent(pushBodyOf(folder)),
      )
      const { name, version, digest, files, created } = answer
      const what = `${io.style.bold(`${name}@${version}`)}${created ? '' : ' (it was there already)'}`
      await io.out(
        args.json === true
          ? `${JSON.stringify(answer)}\n`
          : `${what}: agent.yaml and ${counted(files, 'file')}\n  sha256:${digest}\n`,
      )
      return 0
    } catch (error) {
      return reportError(io, error, { json: args.json === true, file: `${args.dir}/agent.yaml` })
    }
  },
})
