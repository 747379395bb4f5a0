import type {
  AgentActivity,
  BlobRef,
  CallOptions,
  Executor,
  Exit,
  KeptConversation,
  Product,
  StepReport,
  StepTask,
  StepVerdict,
  SummarizedOutput,
} from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactText } from '@seamark/kit'
import { OUTPUT_SCHEMA_LIMITS } from '@seamark/output-schema'
import { writeFile } from 'node:fs/promises'
import type { CapturedStreams } from './capture-streams.ts'
import { captureStreams } from './capture-streams.ts'
import type { Seen } from './judge.ts'
import { keepConversation, toldName } from './conversation.ts'
import { hiddenOf } from './hidden.ts'
import { blame, failure, judge, weigh } from './judge.ts'
import { KIND_LIMITS } from './kinds/reader.ts'
import { layerIsWhole, missingPath, saveLayer } from './layers.ts'
import type { AttemptLayout } from './layout.ts'
import { captureServices } from './service-reports.ts'
import { isSecretFound, lookThroughPatch, lookThroughTree, withoutSecrets } from './look-for-secrets.ts'
import type { NamespaceTools } from './namespace-tools.ts'
import { captureOutput } from './outputs.ts'
import { bytePath } from './path-bytes.ts'
import { reopen } from './reopen.ts'
import { entryCounter } from './walk.ts'
import { changedOutside, removeUnwritten, writableOf } from './writable.ts'

export interface Capture {
  readonly tools: NamespaceTools
  readonly attempt: AttemptLayout
  readonly executor: Executor
  readonly seen: Seen
  /** What may be in nothing that is kept. */
  readonly secrets: RedactionTable
}

/** Judges a step that has ended, and makes what it left durable. */
export async function captureStep(
  task: StepTask,
  exit: Exit,
  about: Capture,
  options?: CallOptions,
): Promise<StepReport> {
  const { tools, attempt, secrets } = about
  const verdict = told(judge(exit, about.seen), secrets)
  const streams = await captureStreams(task, about, options)
  const { stdout, stderr } = streams
  const { maxServiceLogBytes: maxLogBytes } = tools.git.limits
  const services = await captureServices(task, exit, { attempt, secrets, blobs: tools.blobs, maxLogBytes }, options)
  const reported = services.reports.length > 0 && { services: services.reports }
  await reopen(attempt.workspace)
  if (task.step === 'main') {
    const {
      verdict: judged,
      product,
      conversation,
      summaries,
    } = await captureProduct(task, services.unready ?? verdict, about, options)
    return {
      verdict: told(services.remark(judged), secrets),
      product: { ...product, ...streams, ...reported },
      ...(conversation && { conversation }),
      ...(summaries.length > 0 && { summaries }),
      ...(about.seen.activity && { activity: toldActivity(about.seen.activity, secrets) }),
    }
  }
  if (task.step !== 'setup' || verdict.outcome !== 'succeeded' || task.setup === undefined || task.layer === undefined)
    return { verdict: told(services.remark(services.unready ?? verdict), secrets), stdout, stderr, ...reported }
  // Captured before, or built by another run meanwhile.
  if (await layerIsWhole(tools.layout, task.layer)) return { verdict, stdout, stderr }
  const missing = await missingPath(attempt, task.setup)
  if (missing !== undefined) return { verdict: failure('output-missing', missing), stdout, stderr }
  const wrong = await wrongInLayer(about, options)
  if (wrong !== undefined) return { verdict: told(wrong, secrets), stdout, stderr }
  await saveLayer(tools.layout, task.layer, attempt, task.setup)
  return { verdict, stdout, stderr }
}

/** Why what a set-up made is not kept: other runs would get a secret that is in it. */
async function wrongInLayer(
  { tools, attempt, secrets }: Capture,
  options?: CallOptions,
): Promise<StepVerdict | undefined> {
  if (secrets.window === 0) return undefined
  const counter = entryCounter(tools.git.limits.maxEntries)
  try {
    await lookThroughTree(attempt.workspace, secrets, { exclude: new Set(), counter, ...options })
    return undefined
  } catch (error) {
    const blamed = isSecretFound(error) ? failure('secret', error.message) : blame(error)
    if (blamed === undefined) throw error
    return blamed
  }
}

async function captureProduct(
  task: StepTask,
  first: StepVerdict,
  { tools, attempt, seen, secrets }: Capture,
  options?: CallOptions,
): Promise<{
  readonly verdict: StepVerdict
  readonly product: Omit<Product, keyof CapturedStreams>
  readonly conversation?: KeptConversation
  readonly summaries: readonly SummarizedOutput[]
}> {
  const exclude = task.layer !== undefined && task.setup !== undefined ? task.setup.paths : []
  // Nothing ran, so the workspace is what it was made from.
  if (first.reason === 'not-started') {
    await writeFile(attempt.captured, '')
    return { verdict: first, product: { outputs: [] }, summaries: [] }
  }
  const call = { ...options, exclude }
  const workspaces = tools.workspaces(task.workspace)
  let verdict = first
  /** Keeps the first thing that is wrong: later ones often follow from it. */
  const attempted = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      const blamed = isSecretFound(error) ? failure('secret', error.message) : blame(error)
      if (blamed === undefined) throw error
      // Whatever else went wrong, that a secret got out has to be known.
      if (verdict.outcome === 'succeeded' || (blamed.reason === 'secret' && verdict.reason !== 'secret'))
        verdict = blamed
      return undefined
    }
  }
  // An empty file of ours is no output.
  await removeUnwritten(task, tools.git, attempt.workspace, options)
  const outputs: { path: string; blob: BlobRef }[] = []
  const summaries: SummarizedOutput[] = []
  const readTime = { leftMs: KIND_LIMITS.readMs }
  const limit = { leftMs: OUTPUT_SCHEMA_LIMITS.matchMs }
  for (const output of task.item?.outputs ?? []) {
    // What has failed already is not looked at any closer.
    const time = verdict.outcome === 'succeeded' ? limit : undefined
    const found = await attempted(() =>
      captureOutput(attempt.workspace, output, { tools, secrets, readTime, time }, options),
    )
    if (found?.blob !== undefined) outputs.push({ path: output.path, blob: found.blob })
    if (found?.summary !== undefined) summaries.push({ path: output.path, summary: found.summary })
    if (found?.wrong !== undefined && verdict.outcome === 'succeeded') verdict = found.wrong
  }
  const patch = await attempted(async () => {
    // What was never there is not gone, and what an attempt puts in its place is not looked at.
    const { roots } = await hiddenOf(task, tools.git, options)
    const seeing = { ...options, exclude: [...exclude, ...roots] }
    const diff = await workspaces.diff(task.workspace, attempt.workspace, seeing)
    if (diff === undefined || diff.files.length === 0) return undefined
    const writable = writableOf(task)
    const outside = writable && changedOutside(writable, diff)
    if (outside !== undefined) {
      if (verdict.outcome === 'succeeded') verdict = failure('write-outside', outside)
      return undefined
    }
    await lookThroughPatch(attempt.workspace, diff, secrets, options)
    const blob = await tools.blobs.store(once(diff.patch), options)
    return { ...blob, files: diff.files.length, baseTree: diff.baseTree, tree: diff.tree }
  })
  const waived = task.item?.keepWorkspace === false
  const snapshot = waived
    ? undefined
    : await attempted(() =>
        storeSnapshot(workspaces.snapshot(attempt.workspace, call), { tools, attempt, secrets }, call),
      )
  // What succeeded is not gone on with.
  const kept =
    seen.conversation === undefined || snapshot === undefined || verdict.outcome === 'succeeded'
      ? undefined
      : await attempted(() =>
          keepConversation(toldName(seen.conversation ?? '', secrets), { tools, attempt, secrets }, options),
        )
  // Without this mark the workspace itself is kept when the step is released.
  if (waived || snapshot !== undefined) await writeFile(attempt.captured, '')
  verdict = weigh(verdict, seen, {
    outputs: outputs.length,
    patch: patch !== undefined,
    patchRequired: task.item?.patch === 'required',
  })
  const product = { outputs, ...(patch && { patch }), ...(snapshot && { snapshot }) }
  return { verdict, product, summaries, ...(kept && { conversation: kept }) }
}

/** The whole workspace as a blob. Where a secret is in it, that is told with the file that has it, and nothing is stored. */
async function storeSnapshot(
  tar: AsyncIterable<Uint8Array>,
  { tools, attempt, secrets }: Pick<Capture, 'tools' | 'attempt' | 'secrets'>,
  { exclude, signal }: CallOptions & { readonly exclude: readonly string[] },
): Promise<BlobRef> {
  const options = signal && { signal }
  try {
    return await tools.blobs.store(withoutSecrets(tar, 'the snapshot', secrets), options)
  } catch (error) {
    if (isSecretFound(error))
      await lookThroughTree(attempt.workspace, secrets, {
        exclude: new Set(exclude.map(bytePath)),
        counter: entryCounter(tools.git.limits.maxEntries),
        ...options,
      })
    throw error
  }
}

/** A verdict as a record may have it. */
function told(verdict: StepVerdict, secrets: RedactionTable): StepVerdict {
  const clean = (text: string) => redactText(text, secrets)
  if (verdict.outcome !== 'parked')
    return verdict.detail === undefined ? verdict : { ...verdict, detail: clean(verdict.detail) }
  const { question } = verdict
  return question === undefined
    ? verdict
    : { ...verdict, question: { id: clean(question.id), text: clean(question.text) } }
}

/** What an agent did, with its names as a record may have them. */
function toldActivity(activity: AgentActivity, secrets: RedactionTable): AgentActivity {
  const { tools, nudgedFor, usage } = activity
  return {
    ...activity,
    tools: tools.map(({ tool, calls }) => ({ tool: toldName(tool, secrets), calls })),
    nudgedFor: nudgedFor.map((tool) => toldName(tool, secrets)),
    usage: usage.map(({ model, ...tokens }) => ({ model: toldName(model, secrets), ...tokens })),
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
