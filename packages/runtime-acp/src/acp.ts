import type { RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { toolAnswers } from '@seamark/policy'
import type { AcpMcpServer } from './acp-port.ts'
import type { About } from './conversation.ts'
import { parseState } from './drive-state.ts'
import { driveAgent } from './drive.ts'
import { acpLaunch } from './launch.ts'
import type { VersionRange } from './version.ts'

export interface AcpOptions {
  /** The agent's program and its arguments. A name without a slash is looked for on the path, then in `node_modules/.bin` of the workspace. */
  readonly argv: readonly string[]
  /** Name of this instance, by which plans name it. Default `acp`. */
  readonly name?: string
  /** Added to the environment of the program. It is in the open: no secret belongs here. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Variables that are given the base URL of a host that the item's policy lets the agent reach by the way `endpoint`, such as
   * `{ ANTHROPIC_BASE_URL: 'api.anthropic.com' }`; a path after the host is appended. Left alone where there is no such way.
   */
  readonly endpoints?: Readonly<Record<string, string>>
  /** Said before the prompt of every item. */
  readonly instructions?: string
  /** MCP servers that the agent connects to from inside its sandbox. In the open as well. */
  readonly mcpServers?: readonly AcpMcpServer[]
  /** Versions of the agent that are taken, by what it says of itself. Default: any. */
  readonly versions?: VersionRange
  /** The line that installs the program, for people. */
  readonly install?: string
  /** After how many equal tool calls, one after another, the agent is told so, and then stopped. Default 10 and 20. */
  readonly repeats?: { readonly nudge: number; readonly stop: number }
}

const REPEATS = { nudge: 10, stop: 20 }

/**
 * Drives an agent program that speaks the Agent Client Protocol, version 1, on its standard input and output. An item gives it
 * `prompt`, and `model` and `effort` where the agent offers them. What it asks to use is answered by the item's policy.
 *
 * Errors: `INVALID_INPUT` for options that make no sense. Of `prepare`: `INVALID_INPUT` without a prompt. Of `drive`:
 * `INVALID_INPUT` for a state of another runtime, those of the program's access. A turn that did not complete is no error: its
 * `turn-end` says why.
 */
export function acp(options: AcpOptions): RuntimeAdapter {
  const { argv, repeats = REPEATS, mcpServers = [], env = {}, endpoints = {} } = options
  check(options, repeats)
  const launch = acpLaunch({ argv, env, endpoints })

  return {
    spec: 'runtime/v1',
    kind: 'acp',
    name: options.name ?? 'acp',
    guarantees: { interactive: true, takes: 'prompt', tools: 'asked' },

    async prepare(task, { signal } = {}) {
      throwIfAborted(signal)
      promptOf(task)
      return launch
    },

    async *drive(access, task, recorded, { signal } = {}) {
      const { instructions, versions, install } = options
      const prompt = promptOf(task)
      const about: About = {
        task,
        prompt: instructions === undefined ? prompt : `${instructions}\n\n${prompt}`,
        mcpServers,
        repeats,
        answer: toolAnswers(task.tools),
        ...(versions !== undefined && { versions }),
        ...(install !== undefined && { install }),
      }
      yield* driveAgent(access, about, parseState(recorded), signal)
    },
  }
}

function promptOf({ item, prompt }: RuntimeTask): string {
  if (prompt !== undefined && prompt.trim() !== '') return prompt
  throw new SeamError('INVALID_INPUT', `Item ${item} has no prompt.`, {
    remedy: 'Give the item `prompt`, or name a runtime that takes `run`.',
  })
}

function check(
  { argv, env = {} }: AcpOptions,
  { nudge, stop }: { readonly nudge: number; readonly stop: number },
): void {
  const [program = ''] = argv
  const refuse = (message: string, pointer: string, remedy: string) => {
    throw new SeamError('INVALID_INPUT', message, { remedy, place: { pointer } })
  }
  if (program === '' || program.startsWith('-') || [...argv, ...Object.values(env)].some((text) => text.includes('\0')))
    refuse('The command line of the agent is none.', '/argv', 'Write a program, and its arguments one by one.')
  if (!Number.isSafeInteger(nudge) || !Number.isSafeInteger(stop) || nudge < 2 || stop <= nudge)
    refuse(
      'An agent is told that it repeats itself before it is stopped for it.',
      '/repeats',
      'Write nudge of at least 2, and a larger stop.',
    )
}
