import type { CallOptions, Executor, LaunchSpec, Mount, RuntimeAdapter, StepTask } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { SeamError } from '@seamark/kit'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { NamespaceTools } from './namespace-tools.ts'
import { placeAgent } from './agent.ts'
import { applyProduct } from './gate-workspace.ts'
import { placeConversation } from './conversation.ts'
import { hiddenOf, takeOut } from './hidden.ts'
import { placeInputs } from './inputs.ts'
import { keyFiles, placeLayer } from './layers.ts'
import type { AttemptLayout } from './layout.ts'
import { seenLayout } from './layout.ts'
import { fillLfs } from './lfs.ts'
import { lookThroughLaunch } from './look-for-secrets.ts'
import { materializeFiles } from './materialize.ts'
import { isContained } from './path-bytes.ts'
import { placePrompt } from './prompt.ts'
import { discard } from './release.ts'
import { runtimeOf, runtimeTask, stepPlan } from './runtime-task.ts'
import { untar } from './tar-reader.ts'
import type { Toolchain } from './toolchain.ts'
import { writableMounts, writableOf } from './writable.ts'

export interface Preparation {
  readonly tools: NamespaceTools
  readonly attempt: AttemptLayout
  readonly executor: Executor
  readonly runtimes: readonly RuntimeAdapter[]
  readonly toolchain: Toolchain
  /** What its program may not be given. */
  readonly secrets: RedactionTable | undefined
}

/** Makes an attempt's folders from scratch and says what to launch. */
export async function prepareStep(task: StepTask, about: Preparation, options?: CallOptions): Promise<LaunchSpec> {
  const { tools, attempt, executor, toolchain } = about
  const { filesystem } = executor.guarantees
  const plan = stepPlan(task)
  const runtime = runtimeOf(about.runtimes, plan.runtime)
  const seen = seenLayout(attempt, filesystem)
  const writable = writableOf(task)
  const hidden = await hiddenOf(task, tools.git, options)
  if (filesystem === 'host' && (writable !== undefined || hidden.roots.length > 0))
    throw new SeamError('UNSUPPORTED', `Executor ${executor.name} does not keep files from an attempt.`, {
      remedy: 'Name another executor for the item.',
    })
  await discard(attempt)
  await mkdir(attempt.dir, { recursive: true, mode: 0o700 })
  await writeFile(attempt.unstarted, '')
  for (const folder of [attempt.home, attempt.temp, attempt.inputs]) await mkdir(folder, { mode: 0o700 })
  const keepWorkspace = task.item?.keepWorkspace !== false
  await writeFile(attempt.about, JSON.stringify({ step: task.step, keepWorkspace }))
  await fillWorkspace(task, tools, attempt, options)
  // A snapshot never had them.
  if (task.resumeFrom === undefined) await takeOut(hidden, tools.git, attempt.workspace, options)
  const layers =
    task.step !== 'setup' && task.layer !== undefined && task.setup !== undefined
      ? await placeLayer(tools.layout, task.layer, task.setup, attempt.workspace, seen.workspace, filesystem)
      : []
  if (task.step !== 'setup') await placeInputs(task.inputs, attempt.inputs, tools.blobs, options)
  await placeAgent(task, attempt, tools.blobs, about.secrets, options)
  await chmod(attempt.inputs, 0o755)

  await placePrompt(task, tools.git, attempt, options)
  await placeConversation(task, tools, attempt, options)
  const seenTask = await runtimeTask(task, attempt, executor, toolchain.path)
  const launch = await runtime.prepare(seenTask, options)
  if (launch.stdin === 'pipe' && !executor.guarantees.input)
    throw new SeamError(
      'UNSUPPORTED',
      `Runtime ${runtime.name} writes to its program, and executor ${executor.name} can not.`,
      {
        remedy: 'Name another executor for the item.',
      },
    )
  const keeps = launch.keeps ?? []
  if (!keeps.every(isContained))
    throw new SeamError('INVALID_INPUT', `Runtime ${runtime.name} keeps a file outside its folder.`)
  if (keeps.length > 0) await writeFile(attempt.about, JSON.stringify({ step: task.step, keepWorkspace, keeps }))
  const env = { ...seenTask.env, ...launch.env }
  if (about.secrets !== undefined) lookThroughLaunch({ env, files: launch.files }, about.secrets)
  for (const file of launch.files) {
    if (!isContained(file.path))
      throw new SeamError('INVALID_INPUT', `Runtime ${runtime.name} makes a file outside its folder.`)
    await mkdir(dirname(join(attempt.home, file.path)), { recursive: true, mode: 0o700 })
    await writeFile(join(attempt.home, file.path), file.bytes, { mode: file.mode })
  }
  return {
    argv: launch.argv,
    env,
    cwd: seen.workspace,
    mounts: [
      ...(writable === undefined
        ? [{ source: attempt.workspace, target: seen.workspace, mode: 'read-write' as const }]
        : await writableMounts(writable, attempt.workspace, seen.workspace)),
      ...mountsOf(attempt, filesystem),
      ...layers,
      ...toolchain.mounts,
    ],
    timeoutMs: plan.timeoutMs,
    maxOutputBytes: tools.git.limits.maxLogBytes,
    ...(plan.limits && { limits: plan.limits }),
    ...(writable !== undefined && { tellRefusedWrites: seen.workspace }),
    stdin: launch.stdin,
  }
}

// A sandbox has a private /tmp of its own.
function mountsOf(attempt: AttemptLayout, filesystem: 'private' | 'host'): Mount[] {
  const seen = seenLayout(attempt, filesystem)
  return [
    { source: attempt.home, target: seen.home, mode: 'read-write' },
    ...(filesystem === 'host' ? [{ source: attempt.temp, target: seen.temp, mode: 'read-write' as const }] : []),
    { source: attempt.inputs, target: seen.inputs, mode: 'read-only' },
  ]
}

async function fillWorkspace(
  task: StepTask,
  tools: NamespaceTools,
  attempt: AttemptLayout,
  options?: CallOptions,
): Promise<void> {
  const { workspace } = task
  const dir = attempt.workspace
  await mkdir(dir, { mode: 0o700 })
  if (task.step === 'setup') {
    const { git, mirrors } = tools.git
    const files = await keyFiles(tools.git, workspace, task.setup?.key ?? [], options)
    if (workspace.type === 'empty' || files.size === 0) return
    const gitDir = await mirrors.ensure(workspace, options)
    await mirrors.scratch(({ index }) =>
      materializeFiles(git, gitDir, index, workspace.tree, files.keys(), dir, options),
    )
    await fillLfs(tools.git, gitDir, workspace, dir, { ...options, only: (path) => files.has(path) })
    return
  }
  if (task.resumeFrom !== undefined) return untar(tools.blobs.fetch(task.resumeFrom, options), dir, options)
  await tools.workspaces(workspace).materialize(workspace, dir, options)
  if (task.step === 'main') return
  const patch = task.judged?.patch
  if (patch === undefined) return
  const gitDir = await (workspace.type === 'git'
    ? tools.git.mirrors.ensure(workspace, options)
    : tools.git.mirrors.empty(options))
  const gate = task.item?.gates[Number(task.step.slice('gate:'.length))]
  await applyProduct(tools.git, gitDir, patch, gate?.protect ?? [], dir, tools.blobs, options)
}
