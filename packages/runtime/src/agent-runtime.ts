import type { AgentInstruction, AgentPart, RuntimeAdapter, RuntimeLaunch, RuntimeTask } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import type { About, Conversation, Manner, Repeats, Step } from './conversation.ts'
import { parseState } from './drive-state.ts'
import { driveAgent } from './drive.ts'
import { promptOf } from './settings.ts'
import type { VersionRange } from './version.ts'

/** What can be said of any agent's program. */
export interface AgentOptions {
  /** Name of this instance, by which plans name it. */
  readonly name?: string
  /** Added to the environment of the program. It is in the open: no secret belongs here. */
  readonly env?: Readonly<Record<string, string>>
  /** Versions of the program that are taken, by what it says of itself. */
  readonly versions?: VersionRange
  /** The line that installs the program, for people. */
  readonly install?: string
  /** After how many equal tool calls, or equal rounds of them, the agent is told so, and then stopped. Default 10 and 20. */
  readonly repeats?: Repeats
  /** Most tool calls of one attempt, also of agents inside the agent; with one more it is stopped. Absent: no limit but those of the item. */
  readonly maxToolCalls?: number
}

/** How programs of one kind are started and spoken to. */
export interface Agent<C extends Conversation, A extends About<C>> {
  readonly kind: string
  readonly name: string
  readonly opening: C
  /** What of an agent's folder the program is given. */
  readonly takes: readonly AgentPart[]
  /** What its options tell every agent. */
  readonly instructions?: readonly AgentInstruction[]
  launch(task: RuntimeTask): RuntimeLaunch
  about(task: RuntimeTask): A
  begin(): Step<C>
  /** As `Manner` has it. */
  receive(before: C, line: string, whole: boolean, about: A): Step<C>
}

/** A runtime that talks with its program, and answers it from the policy. */
export function agentRuntime<C extends Conversation, A extends About<C>>(agent: Agent<C, A>): RuntimeAdapter {
  const { kind, name, opening, instructions = [] } = agent
  return {
    spec: 'runtime/v1',
    kind,
    name,
    guarantees: { interactive: true, takes: 'prompt', tools: 'asked', agent: agent.takes },
    ...(instructions.length > 0 && { instructions }),

    async prepare(task, { signal } = {}) {
      throwIfAborted(signal)
      promptOf(task)
      return agent.launch(task)
    },

    async *drive(access, task, recorded, { signal } = {}) {
      const about = agent.about(task)
      const manner: Manner<C> = {
        kind,
        opening,
        begin: () => agent.begin(),
        receive: (before, line, whole) => agent.receive(before, line, whole, about),
      }
      yield* driveAgent(access, manner, parseState(manner, recorded), signal)
    },
  }
}
