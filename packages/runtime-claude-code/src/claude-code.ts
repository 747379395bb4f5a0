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
import type { AgentOptions, VersionRange } from '@seamark/runtime'
import { commandLine } from './arguments.ts'
import type { McpServer } from './arguments.ts'
import { canceled, OPENING } from './conversation.ts'
import type { ClaudeAbout, ClaudeConversation } from './conversation.ts'
import { begin, receive } from './receive.ts'
import { DOES } from './tools.ts'

/** `name` is `claude-code` where none is given, and `versions` those that this package is tested with. */
export interface ClaudeCodeOptions extends AgentOptions {
  /** The program and arguments of your own. Default `['claude']`: looked for on the path, then in `node_modules/.bin` of the workspace. */
  readonly argv?: readonly string[]
  /**
   * Variables that are given the base URL of a host that the item's policy lets the agent reach by the way `endpoint`. Default
   * `{ ANTHROPIC_BASE_URL: 'api.anthropic.com' }`.
   */
  readonly endpoints?: Readonly<Record<string, string>>
  /** Added to the end of the program's own system prompt. */
  readonly instructions?: string
  /** Texts of `SKILL.md` by the names of the skills. */
  readonly skills?: Readonly<Record<string, string>>
  /** MCP servers by name. In the open as well. A server that does not start ends the turn. */
  readonly mcpServers?: Readonly<Record<string, McpServer>>
  /** Whether `CLAUDE.md`, skills and settings of the workspace are read; its hooks and MCP servers never are. Default false. */
  readonly projectSettings?: boolean
  /** Most turns of its model. Absent: no limit but those of the item. */
  readonly maxTurns?: number
}

const VERSIONS: VersionRange = { from: '2.1.330', below: '2.1.331' }
const INSTALL = 'npm install --global @anthropic-ai/claude-code@2.1.330'
/** Transcripts, without which the program goes on with nothing. Its settings and credentials are elsewhere. */
const KEEPS = ['.claude/projects']
// The key is added by the gateway; the program asks for one before it begins.
const ENV = {
  ANTHROPIC_API_KEY: 'placeholder',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

/**
 * Drives the program of Claude Code on its standard input and output. An item gives it `prompt`, and `model` and `effort`. What it asks
 * to use is answered by the item's policy.
 *
 * Errors: `INVALID_INPUT` for options that make no sense. Of `prepare`: `INVALID_INPUT` without a prompt, or for an effort that
 * the program does not know. Of `drive`: `INVALID_INPUT` for a state of another runtime, those of the program's access. A turn
 * that did not complete is no error: its `turn-end` says why.
 */
export function claudeCode(options: ClaudeCodeOptions = {}): RuntimeAdapter {
  const { argv = ['claude'], projectSettings = false, maxTurns } = options
  const { endpoints = { ANTHROPIC_BASE_URL: 'api.anthropic.com' }, repeats = REPEATS } = options
  const env = { ...ENV, ...options.env }
  checkSettings(argv, env, repeats, options.maxToolCalls)
  if (maxTurns !== undefined && !(Number.isSafeInteger(maxTurns) && maxTurns > 0))
    throw new SeamError('INVALID_INPUT', 'A number of turns is a whole number above 0.', {
      remedy: 'Write one, or leave it out.',
      place: { pointer: '/maxTurns' },
    })
  const launch = (task: Pick<RuntimeTask, 'model' | 'effort' | 'resume' | 'agent' | 'mcpServers'>) => {
    const { instructions, skills, files, mcpServers } = givenParts(options, '.claude/skills', task)
    const given = {
      argv,
      skills: skills.length > 0,
      mcpServers,
      projectSettings,
      ...(instructions !== undefined && { instructions }),
      ...(maxTurns !== undefined && { maxTurns }),
    }
    return agentLaunch({ argv: commandLine(given, task), env, endpoints, files, keeps: KEEPS })
  }
  // What makes no sense is said here, not when an item begins.
  launch({})

  return agentRuntime<ClaudeConversation, ClaudeAbout>({
    kind: 'claude-code',
    name: options.name ?? 'claude-code',
    opening: OPENING,
    takes: ['instructions', 'skills', 'mcpServers'],
    instructions: toldByOptions(options),
    launch,
    about: (task) => ({
      task,
      prompt: promptOf(task),
      versions: options.versions ?? VERSIONS,
      install: options.install ?? INSTALL,
      repeats,
      ...(options.maxToolCalls !== undefined && { maxToolCalls: options.maxToolCalls }),
      answer: toolAnswers(task.tools),
      does: DOES,
      cancel: canceled,
    }),
    begin,
    receive,
  })
}
