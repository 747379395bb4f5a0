import type { RuntimeAdapter, RuntimeTask } from '@seamark/core'
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
import { BASE_URL, commandLine, mcpConfig } from './arguments.ts'
import type { McpServer } from './arguments.ts'
import { canceled, OPENING } from './conversation.ts'
import type { CodexAbout, CodexConversation } from './conversation.ts'
import { begin, receive } from './receive.ts'
import { DOES } from './tools.ts'

/** `name` is `codex` where none is given, and `versions` those that this package is tested with. */
export interface CodexOptions extends AgentOptions {
  /**
   * The program and arguments of your own, such as `--config=model_reasoning_summary="none"`. Default `['codex', 'app-server']`: looked
   * for on the path, then in `node_modules/.bin` of the workspace.
   */
  readonly argv?: readonly string[]
  /**
   * Variables that are given the base URL of a host that the item's policy lets the agent reach by the way `endpoint`. That of
   * `OPENAI_BASE_URL` is the one of its model. Default `{ OPENAI_BASE_URL: 'api.openai.com/v1' }`.
   */
  readonly endpoints?: Readonly<Record<string, string>>
  /** Added to the program's own instructions, as the developer's. */
  readonly instructions?: string
  /** Texts of `SKILL.md` by the names of the skills. */
  readonly skills?: Readonly<Record<string, string>>
  /** MCP servers by name. In the open as well. A server that does not start ends the turn. */
  readonly mcpServers?: Readonly<Record<string, McpServer>>
  /** Whether `AGENTS.md` and skills of the workspace are read; its settings, rules, hooks and MCP servers never are. Default false. */
  readonly projectSettings?: boolean
}

const VERSIONS: VersionRange = { from: '0.163.0', below: '0.163.1' }
const INSTALL = 'npm install --global @openai/codex@0.163.0'
/** Records of conversations, without which the program goes on with nothing. Its settings and credentials are elsewhere. */
const KEEPS = ['.codex/sessions']
// The key is added by the gateway; the program asks for one before it begins.
const ENV = { OPENAI_API_KEY: 'placeholder' }

/**
 * Drives the program of Codex by the JSON-RPC of `codex app-server` on its standard input and output. An item gives it `prompt`, and
 * `model` and `effort`. What it asks to use is answered by the item's policy.
 *
 * Errors: `INVALID_INPUT` for options that make no sense. Of `prepare`: `INVALID_INPUT` without a prompt. Of `drive`:
 * `INVALID_INPUT` for a state of another runtime, those of the program's access. A turn that did not complete is no error: its
 * `turn-end` says why.
 */
export function codex(options: CodexOptions = {}): RuntimeAdapter {
  const { argv = ['codex', 'app-server'], projectSettings = false, repeats = REPEATS } = options
  const { endpoints = { OPENAI_BASE_URL: 'api.openai.com/v1' } } = options
  const env = { ...ENV, ...options.env }
  checkSettings(argv, env, repeats, options.maxToolCalls)
  const given = (task: Pick<RuntimeTask, 'agent' | 'mcpServers'>) => {
    const { mcpServers, ...parts } = givenParts(options, '.codex/skills', task)
    return { ...parts, mcpServers: mcpConfig(mcpServers) }
  }
  const launch = (task: Pick<RuntimeTask, 'agent' | 'mcpServers'>) =>
    agentLaunch({
      argv: commandLine(argv),
      env,
      endpoints,
      urlArguments: { OPENAI_BASE_URL: BASE_URL },
      files: given(task).files,
      keeps: KEEPS,
    })
  // What makes no sense is said here, not when an item begins.
  launch({})

  return agentRuntime<CodexConversation, CodexAbout>({
    kind: 'codex',
    name: options.name ?? 'codex',
    opening: OPENING,
    takes: ['instructions', 'skills', 'mcpServers'],
    instructions: toldByOptions(options),
    launch,
    about: (task) => {
      const { instructions, skills, mcpServers } = given(task)
      return {
        task,
        prompt: promptOf(task),
        versions: options.versions ?? VERSIONS,
        install: options.install ?? INSTALL,
        repeats,
        ...(options.maxToolCalls !== undefined && { maxToolCalls: options.maxToolCalls }),
        answer: toolAnswers(task.tools),
        does: DOES,
        cancel: canceled,
        skills,
        mcpServers: { ...mcpServers, ...mcpConfig(task.mcpServers ?? {}) },
        projectSettings,
        ...(instructions !== undefined && { instructions }),
      }
    },
    begin,
    receive,
  })
}
