import type { RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { toolAnswers } from '@seamark/policy'
import {
  agentLaunch,
  agentRuntime,
  checkSettings,
  givenParts,
  toldByOptions,
  promptOf,
  REPEATS,
} from '@seamark/runtime'
import type { AgentOptions } from '@seamark/runtime'
import { agentServer } from './agent-servers.ts'
import { askedServers } from './asked-servers.ts'
import type { AcpMcpServer } from './acp-port.ts'
import { OPENING } from './conversation.ts'
import type { AcpAbout, AcpConversation } from './conversation.ts'
import { begin, canceled, receive } from './receive.ts'
import { skillIndex, SKILLS } from './skill-index.ts'
import { DOES } from './tools.ts'
import { watchedServers } from './watched-servers.ts'

/** `name` is `acp` where none is given; without `versions` any is taken. */
export interface AcpOptions extends AgentOptions {
  /** The agent's program and its arguments. A name without a slash is looked for on the path, then in `node_modules/.bin` of the workspace. */
  readonly argv: readonly string[]
  /**
   * Variables that are given the base URL of a host that the item's policy lets the agent reach by the way `endpoint`, such as
   * `{ ANTHROPIC_BASE_URL: 'api.anthropic.com' }`; a path after the host is appended. Left alone where there is no such way.
   */
  readonly endpoints?: Readonly<Record<string, string>>
  /** Said before the prompt of every item. */
  readonly instructions?: string
  /** Texts of `SKILL.md` by the names of the skills. */
  readonly skills?: Readonly<Record<string, string>>
  /**
   * Where the agent keeps its conversations, relative to its home, such as `['.claude/projects']`. They are there again for an
   * attempt that goes on. No credential may be in them. Default none.
   */
  readonly keeps?: readonly string[]
  /** MCP servers that the agent connects to from inside its sandbox. In the open as well. */
  readonly mcpServers?: readonly AcpMcpServer[]
}

/**
 * Drives an agent program that speaks the Agent Client Protocol, version 1, on its standard input and output. An item gives it
 * `prompt`, and `model` and `effort` where the agent offers them. What it asks to use is answered by the item's policy.
 *
 * Errors: `INVALID_INPUT` for options that make no sense. Of `prepare`: `INVALID_INPUT` without a prompt, and, as `LIMIT_EXCEEDED`,
 * for a skill that can not be listed. Of `drive`: `INVALID_INPUT` for a state of another runtime, those of the program's access. A
 * turn that did not complete is no error: its `turn-end` says why.
 */
export function acp(options: AcpOptions): RuntimeAdapter {
  const { argv, repeats = REPEATS, mcpServers = [], env = {}, endpoints = {}, keeps = [] } = options
  checkSettings(argv, env, repeats, options.maxToolCalls)
  if (keeps.some((path) => path.includes('\0') || path.split('/').some((name) => ['', '.', '..'].includes(name))))
    throw new SeamError('INVALID_INPUT', 'What an agent keeps is in its home.', {
      remedy: 'Write paths relative to it, such as .claude/projects.',
      place: { pointer: '/keeps' },
    })
  const shared = {
    ...(options.instructions !== undefined && { instructions: options.instructions }),
    ...(options.skills !== undefined && { skills: options.skills }),
    mcpServers: Object.fromEntries(mcpServers.map((server) => [server.name, server])),
  }
  const given = (task: Pick<RuntimeTask, 'agent' | 'mcpServers' | 'env'>) => {
    const { instructions, files } = givenParts(shared, SKILLS, task)
    const index = skillIndex(files, task.env['HOME'] ?? '~')
    const ofAgent = Object.entries(task.agent?.mcpServers ?? {}).map(([name, server]) => agentServer(name, server))
    const all = [...mcpServers, ...ofAgent, ...ownServers(task)]
    const watched = watchedServers(all, task.env['HOME'])
    return {
      instructions: [instructions, index].filter((text) => text !== undefined).join('\n\n'),
      files: [...files, ...watched.files],
      mcpServers: watched.servers,
    }
  }
  const launch = (task: Pick<RuntimeTask, 'agent' | 'mcpServers' | 'env'>) => {
    const { files, mcpServers: servers } = given(task)
    return askedServers(agentLaunch({ argv, env, endpoints, keeps, files }), servers, task.env['HOME'])
  }
  // What makes no sense is said here, not when an item begins.
  launch({ env: {} })

  return agentRuntime<AcpConversation, AcpAbout>({
    kind: 'acp',
    name: options.name ?? 'acp',
    opening: OPENING,
    takes: ['instructions', 'skills', 'mcpServers'],
    instructions: toldByOptions(shared),
    launch,
    about: (task) => {
      const { versions, install } = options
      const { instructions, mcpServers: servers } = given(task)
      const prompt = promptOf(task)
      return {
        task,
        // A conversation that is gone on with has had them.
        prompt: instructions === '' || task.resume !== undefined ? prompt : `${instructions}\n\n${prompt}`,
        mcpServers: servers,
        repeats,
        ...(options.maxToolCalls !== undefined && { maxToolCalls: options.maxToolCalls }),
        answer: toolAnswers(task.tools),
        does: DOES,
        cancel: canceled,
        ...(versions !== undefined && { versions }),
        ...(install !== undefined && { install }),
      }
    },
    begin,
    receive,
  })
}

function ownServers({ mcpServers = {} }: Pick<RuntimeTask, 'mcpServers'>): AcpMcpServer[] {
  return Object.entries(mcpServers).map(([name, { command, args }]) => ({ name, command, args: [...args], env: [] }))
}
