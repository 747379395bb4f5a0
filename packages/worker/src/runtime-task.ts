import type {
  EgressRule,
  Executor,
  Exit,
  KeptConversation,
  LaunchLimits,
  Policy,
  ResumedConversation,
  RuntimeAccess,
  RuntimeAdapter,
  RuntimeTask,
  StepTask,
} from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { dirname } from 'node:path'
import { agentEnv, agentParts } from './agent.ts'
import { addsItems, CHILDREN_SOCKET, CHILDREN_TOOLS } from './children.ts'
import type { AttemptLayout } from './layout.ts'
import { seenLayout } from './layout.ts'
import { onHost } from './host-failure.ts'
import type { WorkerLimits } from './limits.ts'
import { promptOf } from './prompt.ts'
import { childrenProgram } from './toolchain.ts'
import { writtenInput } from './written-input.ts'

/** What a step runs, from its task alone. */
export interface StepPlan {
  readonly runtime: string
  readonly command?: string
  readonly model?: string
  readonly effort?: string
  readonly tools?: NonNullable<Policy['tools']>
  readonly timeoutMs: number
  readonly env: Readonly<Record<string, string>>
  readonly limits?: LaunchLimits
}

/** Errors: `INVALID_INPUT` for a task whose step it does not describe. */
export function stepPlan(task: StepTask): StepPlan {
  const { step, item, setup } = task
  if (step === 'setup') {
    if (setup === undefined) throw missing('set-up')
    const { run, timeoutMs, policy } = setup
    return { runtime: 'command', command: run, env: {}, ...limited(timeoutMs, policy?.policy) }
  }
  if (item === undefined) throw missing('item')
  const { runtime, run, timeoutMs, env, policy } = item
  if (step === 'main') {
    const { model, effort } = item
    const tools = policy?.policy.tools
    return {
      runtime,
      env,
      ...(run !== '' && { command: run }),
      ...(model !== undefined && { model }),
      ...(effort !== undefined && { effort }),
      ...(tools !== undefined && { tools }),
      ...limited(timeoutMs, policy?.policy),
    }
  }
  const gate = item.gates[Number(step.slice('gate:'.length))]
  if (gate === undefined) throw missing('gate')
  return { runtime: 'command', command: gate.run, env, ...limited(gate.timeoutMs, policy?.policy) }
}

/** What a step may reach. */
export function rulesOf({ step, item, setup }: StepTask): readonly EgressRule[] {
  return (step === 'setup' ? setup : item)?.policy?.policy.network?.allow ?? []
}

/** Of two limits of wall-clock time the smaller holds. */
function limited(timeoutMs: number, policy: Policy | undefined): Pick<StepPlan, 'timeoutMs' | 'limits'> {
  const { wallClockMs = timeoutMs, ...limits } = policy?.limits ?? {}
  return { timeoutMs: Math.min(timeoutMs, wallClockMs), ...(Object.keys(limits).length > 0 && { limits }) }
}

function missing(what: string): SeamError {
  return new SeamError('INVALID_INPUT', `The task of this launch has no ${what}.`)
}

export function runtimeOf(runtimes: readonly RuntimeAdapter[], name: string): RuntimeAdapter {
  const found = runtimes.find((runtime) => runtime.name === name)
  if (found !== undefined) return found
  throw new SeamError('NOT_FOUND', `There is no runtime ${name} on this worker.`, {
    remedy: `Configure it, or name one of: ${runtimes.map((runtime) => runtime.name).join(', ')}.`,
  })
}

/** The step as its runtime sees it; the same before the launch and after a restart. */
export async function runtimeTask(
  task: StepTask,
  attempt: AttemptLayout,
  executor: Executor,
  path: string,
): Promise<RuntimeTask> {
  const { command, model, effort, tools, env } = stepPlan(task)
  const prompt = await promptOf(task, attempt)
  const agent = await agentParts(task, attempt)
  const seen = seenLayout(attempt, executor.guarantees.filesystem)
  const item = task.item?.id ?? 'setup'
  return {
    run: task.run,
    item,
    attempt: task.attempt,
    workspaceDir: seen.workspace,
    env: {
      LANG: 'C.UTF-8',
      PATH: path,
      ...env,
      HOME: seen.home,
      TMPDIR: seen.temp,
      // On a host, git must not take a repository around the worker's folder for the workspace's own.
      GIT_CEILING_DIRECTORIES: dirname(seen.workspace),
      SEAMARK_INPUTS: seen.inputs,
      SEAMARK_RUN: task.run,
      SEAMARK_ITEM: item,
      SEAMARK_ATTEMPT: String(task.attempt),
      ...agentEnv(task, seen.inputs),
    },
    ...(command !== undefined && { command }),
    ...(prompt !== undefined && { prompt }),
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(tools !== undefined && { tools }),
    ...(agent !== undefined && { agent }),
    ...(task.item?.input && { input: task.item.input }),
    ...(task.step === 'main' && task.conversation && { resume: resumed(task.conversation, task.answer) }),
    ...(addsItems(task) && {
      mcpServers: {
        seamark: { ...childrenProgram(path, CHILDREN_SOCKET), tools: CHILDREN_TOOLS },
      },
    }),
  }
}

function resumed({ id }: KeptConversation, answer: StepTask['answer']): ResumedConversation {
  return { id, ...(answer && { answer }) }
}

/** What a runtime may do with a running program. */
export function runtimeAccess(
  task: StepTask,
  attempt: AttemptLayout,
  executor: Executor,
  exit: Promise<Exit>,
  { maxInputBytes }: Pick<WorkerLimits, 'maxInputBytes'>,
): RuntimeAccess {
  const send = async (bytes: Uint8Array) => {
    if (executor.send === undefined)
      throw new SeamError('UNSUPPORTED', `Executor ${executor.name} has no way to a program's standard input.`)
    await executor.send(task.launchId, bytes)
  }
  const write = writtenInput(attempt.written, send, maxInputBytes)
  return {
    exit,
    output: (stream, fromByte) => executor.output(task.launchId, stream, fromByte),
    write: (...args) => onHost(`Writing to ${task.launchId}`, attempt.dir, () => write(...args)),
  }
}
