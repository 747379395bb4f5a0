import type { Executor, ItemPolicy, ItemSpec, Problem, RunSpec, Submission } from '@seamark/core'
import { ITEM_ID, NAME, OUTPUT_BYTES, outputBytes, SeamError, sha256Hex } from '@seamark/kit'
import { jcsText, LIMITS } from '@seamark/log'
import type { LaunchFacts } from './launch-facts.ts'
import { agentOf } from './schedule.ts'
import type { Queues } from './schedule.ts'

/** What is configured, by name. */
export interface Known {
  readonly executors: readonly Executor[]
  readonly runtimes: readonly string[]
  readonly queues: Queues
  readonly instructionsOf?: LaunchFacts['instructionsOf']
}

type Report = (pointer: string, message: string, remedy?: string) => void

/**
 * Checks what the engine relies on, also for callers who did not use the plan parser.
 * Errors: `INVALID_INPUT` with all problems, pointers into the submission.
 */
export function checkSubmission(submission: Submission, known: Known): void {
  const { run, items, spec } = submission
  const problems: Problem[] = []
  const report: Report = (pointer, message, remedy) =>
    problems.push({ code: 'INVALID_INPUT', message, place: { pointer }, ...(remedy !== undefined && { remedy }) })
  const executors = new Set(known.executors.map(({ name }) => name))
  const ids = new Set<string>()
  if (!NAME.test(run)) report('/run', 'The run id is not of the form [a-z0-9][a-z0-9._-]{0,62}.')
  if (!DIGEST.test(submission.plan)) report('/plan', 'The plan digest is not the hex of a SHA-256.')
  if (items.length === 0) report('/items', 'A plan has at least one item.')
  const sound = policyCheck()
  const toldBytes = bytesTold(known.instructionsOf)
  checkRun(spec, report)
  if (!sound(spec.setup?.policy)) report('/spec/setup/policy', POLICY)
  for (const [index, item] of items.entries()) {
    const { id, executor, runtime, queue, needs } = item
    const at = `/items/${index}`
    if (!ITEM_ID.test(id)) report(`${at}/id`, 'The item id is not of the form [a-z0-9][a-z0-9_-]{0,62}.')
    if (ids.has(id)) report(`${at}/id`, `Item id ${id} is there twice.`)
    ids.add(id)
    if (!executors.has(executor))
      report(`${at}/executor`, `There is no executor ${executor}.`, `Configured: ${[...executors].join(', ')}.`)
    if (!known.runtimes.includes(runtime))
      report(`${at}/runtime`, `There is no runtime ${runtime}.`, `Configured: ${known.runtimes.join(', ')}.`)
    if (!Object.hasOwn(known.queues, queue))
      report(`${at}/queue`, `There is no queue ${queue}.`, `Configured: ${Object.keys(known.queues).join(', ')}.`)
    if (needs.length > LIMITS.needsPerItem) report(`${at}/needs`, `An item has at most ${LIMITS.needsPerItem} needs.`)
    if (inputBytes(submission, index) + toldBytes(runtime) > INPUT_BYTES)
      report(
        `${at}/needs`,
        'The inputs of this item and the instructions of its agent do not fit one launch record.',
        'Name fewer inputs, or shorter names and paths, or give the runtime fewer skills.',
      )
    for (const [position, { name, from }] of needs.entries()) {
      if (!Number.isInteger(from) || from < 0 || from >= items.length)
        report(`${at}/needs/${position}`, 'The need points at no item.')
      if (name !== undefined && !isWord(name)) report(`${at}/needs/${position}/name`, WORD)
    }
    checkNumbers(item, at, report)
    if (item.agent !== undefined && !isWord(item.agent)) report(`${at}/agent`, WORD)
    checkPin(item, at, report)
    if (!sound(item.policy)) report(`${at}/policy`, POLICY)
  }
  if (problems.length === 0 && !acyclic(submission)) report('/items', 'The needs form a cycle.')
  if (problems.length > 0)
    throw new SeamError('INVALID_INPUT', `The submission has ${problems.length} problem(s).`, { problems })
}

// What is left of a header's 60 kB beside its other fields.
const INPUT_BYTES = 55_000
const BLOB = { sha256: '0'.repeat(64), size: Number.MAX_SAFE_INTEGER }
const INPUT_FIELDS = JSON.stringify({ name: '', from: '', select: 'workspace', path: '', blob: BLOB }).length + 1
const DIGEST = /^[0-9a-f]{64}$/
const MAX_GATES = 1_000
const POLICY = 'The digest is not that of the policy.'
const WORD = 'It is not a text of 1 to 200 characters.'

function checkRun({ name, workspace, timeoutMs }: RunSpec, report: Report): void {
  if (name !== undefined && !isWord(name)) report('/spec/name', WORD)
  if (workspace.type === 'git' && (workspace.repository.length > 4_096 || !workspace.repository.isWellFormed()))
    report('/spec/workspace/repository', 'It is not a text of at most 4,096 characters.')
  if (timeoutMs !== undefined && !isCount(timeoutMs))
    report('/spec/timeoutMs', 'It is no whole number of milliseconds.')
}

// Records hold whole numbers only, and what is no number would never come first in a line or become due.
function checkNumbers({ priority, timeoutMs, retries, gates, outputs }: ItemSpec, at: string, report: Report): void {
  if (!Number.isInteger(priority) || Math.abs(priority) > 100)
    report(`${at}/priority`, 'A priority is a whole number from -100 to 100.')
  if (!isCount(timeoutMs)) report(`${at}/timeoutMs`, 'It is no whole number of milliseconds.')
  for (const key of ['max', 'minDelayMs', 'maxDelayMs'] as const)
    if (!isCount(retries[key])) report(`${at}/retries/${key}`, 'It is no whole number from 0.')
  if (gates.length > MAX_GATES) report(`${at}/gates`, `An item has at most ${MAX_GATES} gates.`)
  for (const [gate, spec] of gates.entries())
    if (!isCount(spec.timeoutMs)) report(`${at}/gates/${gate}/timeoutMs`, 'It is no whole number of milliseconds.')
  if (outputs.length > LIMITS.outputsPerProduct)
    report(`${at}/outputs`, `An item has at most ${LIMITS.outputsPerProduct} outputs.`)
  else if (outputBytes(outputs) > OUTPUT_BYTES)
    report(
      `${at}/outputs`,
      'The outputs of this item do not fit the record of its end.',
      'Declare fewer outputs, fewer with a kind, or shorter paths.',
    )
}

function checkPin({ agent, agentVersion }: ItemSpec, at: string, report: Report): void {
  if (agentVersion === undefined) return
  const { version, manifest, instructions } = agentVersion
  if (agent === undefined || !NAME.test(agent)) report(`${at}/agent`, 'A version is that of an agent with a name.')
  const files = instructions.every(({ path, sha256 }) => isWord(path) && DIGEST.test(sha256))
  const few = instructions.length <= LIMITS.instructionsPerLaunch
  if (!isCount(version) || version === 0 || !isCount(manifest.size) || !DIGEST.test(manifest.sha256) || !files || !few)
    report(`${at}/agentVersion`, 'It is no version of an agent.', 'Give what was pushed.')
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= 2 ** 48
}

/** Items share policies, so each is hashed once. */
function policyCheck(): (policy: ItemPolicy | undefined) => boolean {
  const known = new Map<object, string>()
  return (held) => {
    if (held === undefined) return true
    const digest = known.get(held.policy) ?? sha256Hex(jcsText(held.policy))
    known.set(held.policy, digest)
    return digest === held.digest
  }
}

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= 200 && text.isWellFormed()
}

/** Upper bound of what an item's inputs and its agent take in the header of its launch. */
function inputBytes({ items }: Submission, index: number): number {
  const item = items[index]
  let bytes = Buffer.byteLength(JSON.stringify((item && agentOf(item)) ?? ''))
  for (const { name, from, select } of items[index]?.needs ?? []) {
    if (name === undefined || select === undefined) continue
    const path = typeof select === 'object' ? select.output : ''
    bytes += INPUT_FIELDS + Buffer.byteLength(JSON.stringify([name, items[from]?.id ?? '', path]))
  }
  return bytes
}

/** What the instructions of a runtime take in the header of a launch; those of each are counted once. */
function bytesTold(instructionsOf: Known['instructionsOf']): (runtime: string) => number {
  const known = new Map<string, number>()
  return (runtime) => {
    const bytes = known.get(runtime) ?? Buffer.byteLength(JSON.stringify(instructionsOf?.(runtime) ?? []))
    known.set(runtime, bytes)
    return bytes
  }
}

/** Whether every item can come after what it needs (Kahn 1962). */
function acyclic({ items }: Submission): boolean {
  const open = items.map(({ needs }) => needs.length)
  const dependents: number[][] = items.map(() => [])
  for (const [index, { needs }] of items.entries()) for (const { from } of needs) dependents[from]?.push(index)
  const ready = open.flatMap((count, index) => (count === 0 ? [index] : []))
  let reached = 0
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    reached++
    for (const dependent of dependents[next] ?? []) {
      open[dependent] = (open[dependent] ?? 0) - 1
      if (open[dependent] === 0) ready.push(dependent)
    }
  }
  return reached === items.length
}
