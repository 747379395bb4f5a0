import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Problem } from '@seamark/core'
import { fromSystemError, SeamError } from '@seamark/kit'
import { AGENT_LIMITS, importClaudeAgent } from '@seamark/protocol'
import type { ClaudeAgent } from '@seamark/protocol'
import { DEFINITION, readPlainFile } from '../agent-folder.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { exists } from '../exists.ts'
import { linkOnWay } from '../link-on-way.ts'
import { harmless } from '../style.ts'

export const agentImport: Command = command({
  name: 'agent import',
  args: {
    dir: { type: 'positional', required: true, description: 'Folder such as .claude/agents' },
    output: { type: 'string', valueHint: 'DIR', description: 'Where the folders are made. Default: agents' },
  },
  examples: [{ line: 'seamark agent import .claude/agents', says: 'then: seamark agent push agents/NAME' }],
  notes: [
    'Name, description, model, effort and the text are taken over; what is not is named. Nothing is made where anything is wrong,',
    'a folder is there already, or a link is on the way to one. --json gives { agents: [{ name, folder, left }], skipped }.',
  ],
  async run({ cwd, io }, args) {
    const { agents, skipped } = await readAll(resolve(cwd, args.dir))
    const output = args.output ?? 'agents'
    const made = agents.map((agent) => ({ agent, folder: join(output, agent.definition.name) }))
    await requireFree(cwd, made)
    for (const { agent, folder } of made) await write(resolve(cwd, folder), agent)
    const told = made.map(({ agent, folder }) => ({ name: agent.definition.name, folder, left: agent.left }))
    if (args.json === true) await io.out(`${JSON.stringify({ agents: told, skipped })}\n`)
    else {
      const lines = told.map(({ folder, left }) => {
        const rest = left.length === 0 ? '' : `  ${io.style.yellow('not taken over:')} ${harmless(left.join(', '))}`
        return `${harmless(folder)}${rest}\n`
      })
      await io.out([...lines, ...skipped.map((name) => `${harmless(`skipped: ${name}`)}\n`)].join(''))
    }
    return 0
  },
})

async function readAll(dir: string): Promise<{ agents: readonly ClaudeAgent[]; skipped: readonly string[] }> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw fromSystemError(error, `Reading the folder ${dir}`)
  })
  const agents: ClaudeAgent[] = []
  const skipped: string[] = []
  const problems: Problem[] = []
  for (const { name } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!name.endsWith('.md')) {
      skipped.push(name)
      continue
    }
    const result = importClaudeAgent(await readPlainFile(dir, name, AGENT_LIMITS.definitionBytes))
    if (result.ok) agents.push(result.agent)
    else for (const problem of result.problems) problems.push({ ...problem, message: `${name}: ${problem.message}` })
  }
  const names = agents.map(({ definition }) => definition.name)
  for (const twice of new Set(names.filter((name, at) => names.indexOf(name) !== at)))
    problems.push({ code: 'INVALID_INPUT', message: `Two files have the name ${twice}.`, remedy: 'Rename one.' })
  refuse(problems)
  return { agents, skipped }
}

async function requireFree(cwd: string, made: readonly { readonly folder: string }[]): Promise<void> {
  const problems: Problem[] = []
  const links = new Set<string>()
  for (const { folder } of made) {
    const link = await linkOnWay(cwd, folder)
    if (link !== undefined) links.add(link)
    else if (await exists(resolve(cwd, folder)))
      problems.push({ code: 'CONFLICT', message: `${folder} is there already.`, remedy: 'Name another --output.' })
  }
  for (const link of links)
    problems.push({
      code: 'INVALID_INPUT',
      message: `${link} is a link: nothing is written through one.`,
      remedy: 'Name another --output, or where it leads.',
    })
  refuse(problems)
}

function refuse(problems: readonly Problem[]): void {
  const [first] = problems
  if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
}

/** JSON is YAML, so every value is written as it is. */
async function write(folder: string, { definition, instructions }: ClaudeAgent): Promise<void> {
  const yaml = Object.entries(definition).map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, DEFINITION), yaml.join(''), { flag: 'wx' })
    if (instructions !== '') await writeFile(join(folder, 'AGENTS.md'), instructions, { flag: 'wx' })
  } catch (error) {
    throw fromSystemError(error, `Writing the agent ${definition.name}`)
  }
}
