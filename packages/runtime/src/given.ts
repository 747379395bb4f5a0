import type { AgentMcpServer, RuntimeLaunch, RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { skillFiles } from './skills.ts'

/** What the options of a runtime say to every agent. */
export interface Shared<S> {
  readonly instructions?: string | undefined
  /** Texts of `SKILL.md` by the names of the skills. */
  readonly skills?: Readonly<Record<string, string>>
  readonly mcpServers?: Readonly<Record<string, S>>
}

/** What a program is given: what the options of its runtime say, then what the version of its item's agent says. */
export interface Given<S> {
  readonly instructions?: string
  /** Names of the skills. */
  readonly skills: readonly string[]
  /** Files of the skills, in the program's home. */
  readonly files: RuntimeLaunch['files']
  readonly mcpServers: Readonly<Record<string, S | AgentMcpServer>>
}

/** `folder` is where the program has its skills. Errors: `INVALID_INPUT` where two have a skill or a server of one name. */
export function givenParts<S>(
  shared: Shared<S>,
  folder: string,
  { agent, mcpServers: ours = {} }: Pick<RuntimeTask, 'agent' | 'mcpServers'>,
): Given<S> {
  const { skills = {}, mcpServers = {} } = shared
  const ownSkills = [...new Set((agent?.skills ?? []).map(({ path }) => path.split('/')[0] ?? ''))]
  const ownServers = agent?.mcpServers ?? {}
  const twice = [
    ...ownSkills.filter((name) => Object.hasOwn(skills, name)),
    ...Object.keys(ownServers).filter((name) => Object.hasOwn(mcpServers, name)),
    ...Object.keys(ours).filter((name) => Object.hasOwn(mcpServers, name) || Object.hasOwn(ownServers, name)),
  ]
  if (twice.length > 0)
    throw new SeamError(
      'INVALID_INPUT',
      `More than one of Seamark, the runtime and the agent have ${twice.join(', ')}.`,
      {
        remedy: 'Give one of them another name.',
      },
    )
  const instructions = [shared.instructions, agent?.instructions].filter((text) => text !== undefined).join('\n\n')
  const files = (agent?.skills ?? []).map(({ path, bytes }) => ({ path: `${folder}/${path}`, bytes, mode: 0o644 }))
  return {
    ...(instructions !== '' && { instructions }),
    skills: [...Object.keys(skills), ...ownSkills],
    files: [...skillFiles(folder, skills), ...files],
    mcpServers: { ...mcpServers, ...ownServers },
  }
}
