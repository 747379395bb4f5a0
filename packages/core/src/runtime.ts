import type { Exit, OutputStream } from './executor.ts'
import type { CallOptions, Json, JsonObject, Seam } from './seam.ts'

/** What a runtime promises and needs. */
export interface RuntimeGuarantees {
  /** Whether `drive` writes to the program; such a runtime needs an executor with `guarantees.input`. */
  readonly interactive: boolean
}

/** One step of one attempt, as the program that does it sees it. Paths are inside the sandbox. */
export interface RuntimeTask {
  readonly run: string
  readonly item: string
  readonly attempt: number
  /** Command line of the item or gate, where it has one. */
  readonly command?: string
  readonly input?: JsonObject
  readonly workspaceDir: string
  readonly env: Readonly<Record<string, string>>
}

/** How to start the program. */
export interface RuntimeLaunch {
  readonly argv: readonly string[]
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Files to make before the start, relative to the attempt's private folder (not the workspace). */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array; readonly mode: number }[]
  readonly stdin: 'pipe' | 'none'
}

/**
 * Why a turn did not complete, in words that are alike for all runtimes: the provider's limit was reached; it refused the
 * credential; the conversation is longer than the model can take; the model would not do it. Other reasons are a runtime's own.
 */
export type TurnFailure = 'rate-limit' | 'login' | 'context' | 'refused'

/** What a runtime learned from its program's output. */
export type AgentEvent =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'tool'; readonly name: string; readonly input?: Json }
  | { readonly type: 'permission'; readonly id: string; readonly tool: string; readonly input?: Json }
  | { readonly type: 'question'; readonly id: string; readonly text: string }
  | { readonly type: 'usage'; readonly model: string; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'denial'; readonly tool: string; readonly reason: string }
  /** `reason`: a `TurnFailure`, or a word of the runtime's own. */
  | { readonly type: 'turn-end'; readonly completed: boolean; readonly reason: string }

/** An event with the state from which `drive` can be restarted after it. */
export interface DrivenEvent {
  readonly event: AgentEvent
  readonly state: Json
}

/** A program that runs. */
export interface RuntimeAccess {
  output(stream: OutputStream, fromByte: number): AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the process tree has ended; rejects when it is lost. */
  readonly exit: Promise<Exit>
}

/** How to drive one kind of agent program. */
export interface RuntimeAdapter extends Seam<'runtime/v1', RuntimeGuarantees> {
  /** Pure of side effects. Errors: `INVALID_INPUT` for a task that it can not do. */
  prepare(task: RuntimeTask, options?: CallOptions): Promise<RuntimeLaunch>
  /**
   * Follows a program to its end. With `state` it goes on from a recorded one and does not repeat
   * earlier events. A program whose last event is not a completed `turn-end` did not succeed.
   */
  drive(
    access: RuntimeAccess,
    task: RuntimeTask,
    state: Json | undefined,
    options?: CallOptions,
  ): AsyncIterable<DrivenEvent>
}
