import type { AgentInstruction } from './agent-pin.ts'
import type { AgentPart, AgentParts } from './agent.ts'
import type { Exit, OutputStream } from './executor.ts'
import type { Policy } from './policy.ts'
import type { CallOptions, Json, JsonObject, Seam } from './seam.ts'

/** What a runtime promises and needs. */
export interface RuntimeGuarantees {
  /** Whether `drive` writes to the program; such a runtime needs an executor with `guarantees.input`. */
  readonly interactive: boolean
  /** What of an item says what to do. Absent: `run`, a command line. */
  readonly takes?: 'run' | 'prompt'
  /**
   * `asked`: its program asks before it uses a tool, and `drive` answers from `RuntimeTask.tools`. That a program asks is up
   * to the program; what holds it in any case is its sandbox. Absent: nothing is asked.
   */
  readonly tools?: 'asked'
  /** What of an agent's folder its program is given. Absent: nothing, so that an item with an agent that has a part is refused. */
  readonly agent?: readonly AgentPart[]
}

/** What an agent wants to know from a person before it goes on. */
export interface Question {
  /** Of the conversation; at most 200 characters. */
  readonly id: string
  /** For people, with the choices where there are any; at most 8,000 characters. */
  readonly text: string
}

/** A conversation that an earlier attempt of the item began and that this one goes on with. */
export interface ResumedConversation {
  /** As its program named it. */
  readonly id: string
  /** What a person said to the question that it ended with. Absent: its program is asked to go on. */
  readonly answer?: { readonly question: Question; readonly text: string }
}

/** One step of one attempt, as the program that does it sees it. Paths are inside the sandbox. */
export interface RuntimeTask {
  readonly run: string
  readonly item: string
  readonly attempt: number
  /** Command line of the item or gate, where it has one. */
  readonly command?: string
  /** What an agent is to do, in words. The same text whenever the step is driven. */
  readonly prompt?: string
  /** Name of a model, as the runtime's program knows it. Absent: the program's own choice. */
  readonly model?: string
  /** How hard the model is to think, in the program's own word. Absent: the program's own choice. */
  readonly effort?: string
  /** What the policy says of commands: what `drive` answers a program from that asks. Absent: nothing, so everything may be used. */
  readonly tools?: NonNullable<Policy['tools']>
  /** Of the version of an agent that the item names. */
  readonly agent?: AgentParts
  readonly input?: JsonObject
  /** Its files are where `RuntimeLaunch.keeps` of the earlier attempt had them, and the workspace is as that attempt left it. */
  readonly resume?: ResumedConversation
  /** MCP servers of ours, by name, that the program is to start beside its own. Absent: none. */
  readonly mcpServers?: Readonly<Record<string, OwnMcpServer>>
  readonly workspaceDir: string
  readonly env: Readonly<Record<string, string>>
}

/** An MCP server of ours. Paths are inside the sandbox. */
export interface OwnMcpServer {
  readonly command: string
  readonly args: readonly string[]
  /** Names of its tools. They start no command in the sandbox. */
  readonly tools: readonly string[]
}

/** How to start the program. */
export interface RuntimeLaunch {
  readonly argv: readonly string[]
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Files to make before the start, relative to the attempt's private folder (not the workspace). */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array; readonly mode: number }[]
  readonly stdin: 'pipe' | 'none'
  /**
   * Files and folders of the attempt's private folder, relative to it, in which the program keeps its conversation. A later
   * attempt that goes on with the conversation has them again before its own `files` are made. No credential may be in them.
   */
  readonly keeps?: readonly string[]
}

/**
 * Why a turn did not complete, in words that are alike for all runtimes: the provider's limit was reached; it refused the
 * credential; the conversation is longer than the model can take; the model would not do it; a person has to answer the
 * question that was the event before; the conversation to go on with is not there any more. Other reasons are a runtime's own.
 */
export type TurnFailure = 'rate-limit' | 'login' | 'context' | 'refused' | 'question' | 'resume'

/** What a runtime learned from its program's output. */
export type AgentEvent =
  | { readonly type: 'progress'; readonly text: string }
  /** The program is given words to answer: the prompt, or what it is told after that. Its `turn-end` is told of the last of them alone. */
  | { readonly type: 'turn-begin' }
  /** A call of a tool begins. `name` is for people; `kind` is the same for all calls of one tool, as the program names it. */
  | { readonly type: 'tool'; readonly name: string; readonly kind?: string; readonly input?: Json }
  /** It made so many equal calls, or rounds of them, that its turn is ended and it is told so. `tool` is that of the last. */
  | { readonly type: 'nudge'; readonly tool: string; readonly calls: number }
  | { readonly type: 'permission'; readonly id: string; readonly tool: string; readonly input?: Json }
  /** The program is ended after it, with a `turn-end` of reason `question`: nobody answers while it runs. */
  | ({ readonly type: 'question' } & Question)
  /**
   * What its conversation is called, once it is known; `resumed` where it is the one of `RuntimeTask.resume`. `program` is what the
   * program says it is, with its version.
   */
  | { readonly type: 'conversation'; readonly id: string; readonly resumed: boolean; readonly program?: string }
  | { readonly type: 'usage'; readonly model: string; readonly inputTokens: number; readonly outputTokens: number }
  /**
   * What the program thinks that it cost, by a list of its own: an amount of a currency (ISO 4217), of what was used since it said so
   * last (`turn`), or of all so far (`conversation`).
   */
  | {
      readonly type: 'cost'
      readonly amount: number
      readonly currency: string
      readonly of: 'turn' | 'conversation'
    }
  /**
   * What the provider said of its limits, as the program passes it on: whether one is reached, how much of the fullest is used in per
   * cent, and epoch milliseconds at which the one that is told of is over.
   */
  | {
      readonly type: 'rate-limit'
      readonly reached: boolean
      readonly usedPercent?: number
      readonly resetAt?: number
    }
  | { readonly type: 'denial'; readonly tool: string; readonly reason: string }
  /** The program asked for a tool and is about to be told that it may use it. The answer is written when the next event is taken. */
  | { readonly type: 'allowance'; readonly tool: string; readonly reason: string }
  /**
   * `reason`: a `TurnFailure`, or a word of the runtime's own. `detail`: for people, at most 1,000 characters. `resetAt`: epoch
   * milliseconds at which a `rate-limit` is over, where the provider said so.
   */
  | {
      readonly type: 'turn-end'
      readonly completed: boolean
      readonly reason: string
      readonly detail?: string
      readonly resetAt?: number
    }

/** An event with the state from which `drive` can be restarted after it. */
export interface DrivenEvent {
  readonly event: AgentEvent
  readonly state: Json
}

/** A program that runs. */
export interface RuntimeAccess {
  output(stream: OutputStream, fromByte: number): AsyncIterable<Uint8Array>
  /**
   * Writes to the program's standard input. `at` counts the bytes of all writes before this one; `after` those of its stdout that
   * were dealt with before it, where the transcript has it. A write of bytes that were written already, also by a service before
   * this one, does nothing, so `drive` may come to the same write again.
   *
   * Errors: `CONFLICT` where the program takes no input any more, or where a service ended while it wrote, so that nobody knows
   * whether the program has these bytes (what comes after them can still be written); those of the executor.
   */
  write(bytes: Uint8Array, at: number, after: number): Promise<void>
  /** Resolves when the process tree has ended; rejects when it is lost. */
  readonly exit: Promise<Exit>
}

/** How to drive one kind of agent program. */
export interface RuntimeAdapter extends Seam<'runtime/v1', RuntimeGuarantees> {
  /** What its own options tell every agent, at most 34: the record of each launch has their digests. Absent: nothing. */
  readonly instructions?: readonly AgentInstruction[]
  /** Pure of side effects. Errors: `INVALID_INPUT` for a task that it can not do. */
  prepare(task: RuntimeTask, options?: CallOptions): Promise<RuntimeLaunch>
  /**
   * Follows a program to its end. With `state` it goes on from a recorded one and does not repeat
   * earlier events. A program whose last event is not a completed `turn-end` did not succeed. What it writes follows from
   * the task and the output alone, so that after a restart it writes the same bytes at the same places.
   */
  drive(
    access: RuntimeAccess,
    task: RuntimeTask,
    state: Json | undefined,
    options?: CallOptions,
  ): AsyncIterable<DrivenEvent>
}
