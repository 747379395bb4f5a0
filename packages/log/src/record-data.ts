import type { RecordData, RecordKind } from '@seamark/core'
import { ERROR_CODES, isSeamError } from '@seamark/kit'
import { z } from 'zod'
import { canonicalText } from './canonical.ts'
import {
  activity,
  blob,
  count,
  digest,
  exit,
  gitId,
  hostText,
  inputs,
  instant,
  itemId,
  launchId,
  name,
  origin,
  path,
  positive,
  product,
  prose,
  services,
  step,
  summaries,
  word,
} from './record-fields.ts'
import type { Takes } from './exactly.ts'
import { LIMITS } from './limits.ts'

const instructions = z.array(z.strictObject({ path: word, sha256: digest })).max(LIMITS.instructionsPerLaunch)
const treeHead = z.strictObject({ size: count, root: digest })

const range = z
  .tuple([count, count])
  .refine(([from, to]) => from <= to, 'a range ends where it starts or later')
  .meta({ title: '[first index, last index]' })

const addedItem = z
  .tuple([count, itemId, z.array(count).max(LIMITS.needsPerItem)])
  .meta({ title: '[index, id, [needed indexes]]' })

const call = { id: word, provider: word, model: word }
const account = z
  .templateLiteral([z.literal(['item', 'run', 'agent', 'principal', 'team', 'day']), ':', z.string()])
  .refine((key) => key.length <= 520, 'an account has at most 520 characters')
  .meta({ title: 'account' })
/** Of item, run, agent, principal and day. */
const OTHER_ACCOUNTS = 5
const amount = z.strictObject({ tokens: count, nanoUsd: count })
const measure = z.literal(['tokens', 'nanoUsd'])

const schemas = {
  'log.opened': z.strictObject({
    origin,
    follows: z.strictObject({ origin, size: count, root: digest }).exactOptional(),
  }),
  'engine.started': z.strictObject({
    version: word,
    holder: word,
    executors: z.array(
      z.strictObject({ name, kind: word, isolation: z.literal(['none', 'namespace', 'container', 'vm']) }),
    ),
  }),
  'engine.stopped': z.strictObject({ reason: z.literal(['requested', 'failed']) }),
  'checkpoint.committed': treeHead,
  'checkpoint.anchored': z.strictObject({ size: count, kind: word, name: word, receipt: prose }),
  'checkpoint.unanchored': z.strictObject({ size: count, kind: word, name: word, code: word }),
  'command.denied': z.strictObject({
    action: word,
    policy: word,
    target: word.exactOptional(),
    count: positive.exactOptional(),
  }),
  'command.voided': z.strictObject({ command: word, reason: word, target: word.exactOptional() }),
  'run.submitted': z.strictObject({
    name: word.exactOptional(),
    plan: digest,
    items: count,
    base: z
      .strictObject({ repository: path, commit: gitId, tree: gitId, uncommitted: count, submodules: count })
      .exactOptional(),
    deadline: instant.exactOptional(),
    teams: z.array(word).min(1).max(LIMITS.teamsPerRun).exactOptional(),
    rerun: z
      .strictObject({ of: name, take: z.literal('succeeded').exactOptional(), from: itemId.exactOptional() })
      .refine(({ take, from }) => from === undefined || take !== undefined, 'from is only with take')
      .exactOptional(),
  }),
  'items.added': z.strictObject({ items: z.array(addedItem).min(1) }),
  'item.taken': z.strictObject({
    run: name,
    seq: count,
    leaf: digest,
    product,
    summaries: summaries.exactOptional(),
  }),
  'item.launched': z.strictObject({
    step,
    launchId,
    executor: name,
    inputs: inputs.exactOptional(),
    layer: digest.exactOptional(),
    resumes: word.exactOptional(),
    policy: digest.exactOptional(),
    probe: digest.exactOptional(),
    agent: z.strictObject({ name, version: positive, digest, instructions }).exactOptional(),
    instructions: instructions.exactOptional(),
  }),
  'egress.decided': z.strictObject({
    outcome: z.literal(['allowed', 'refused']),
    reason: word,
    count,
    first: instant,
    ahead: positive.exactOptional(),
    code: z.literal(ERROR_CODES).exactOptional(),
    mode: z.literal(['endpoint', 'intercept', 'tunnel']).exactOptional(),
    host: hostText.exactOptional(),
    port: z.int().min(0).max(65_535).exactOptional(),
    method: word.exactOptional(),
    path: prose.exactOptional(),
    address: word.exactOptional(),
    inject: name.exactOptional(),
  }),
  'usage.reserved': z.strictObject({
    ...call,
    accounts: z
      .array(account)
      .min(1)
      .max(OTHER_ACCOUNTS + LIMITS.teamsPerRun),
    tokens: count,
    nanoUsd: count,
  }),
  'usage.settled': z.strictObject({
    id: word,
    as: z.literal(['used', 'reserved']),
    charged: amount,
    excess: amount,
    usage: z
      .strictObject({
        input: count,
        output: count,
        cacheRead: count,
        cacheWrite5m: count,
        cacheWrite1h: count,
        reasoning: count,
      })
      .exactOptional(),
    limitedUntil: instant.exactOptional(),
  }),
  'usage.refused': z.strictObject({
    ...call,
    code: z.literal(['LIMIT_EXCEEDED', 'UNSUPPORTED']),
    account,
    of: measure,
    wanted: count.exactOptional(),
    room: count,
  }),
  'budget.set': z
    .strictObject({
      on: z.literal(['item', 'run', 'agent', 'principal', 'team', 'day']),
      name: word.exactOptional(),
      limits: z.strictObject({ tokens: count.exactOptional(), nanoUsd: count.exactOptional() }),
    })
    .refine(
      ({ on, name }) => (name !== undefined) === (on === 'agent' || on === 'team'),
      'agents and teams have names',
    ),
  'budget.warned': z.strictObject({ account, of: measure, settled: count, limit: count }),
  'agent.pushed': z.strictObject({ name, version: positive, digest, files: count, size: count }),
  'agent.removed': z.strictObject({ name, version: positive, digest }),
  'hold.placed': z.strictObject({ run: name, reason: prose.exactOptional() }),
  'hold.released': z.strictObject({ run: name }),
  'collection.begun': z.strictObject({
    storedBefore: instant,
    runsBefore: instant.exactOptional(),
    snapshotsBefore: instant.exactOptional(),
    run: name.exactOptional(),
    keptBytes: count.exactOptional(),
    mirrorBytes: count.exactOptional(),
  }),
  'collection.ended': z.strictObject({
    outcome: z.literal(['done', 'failed']),
    removed: count,
    bytes: count,
    workspaces: count.exactOptional(),
    mirrors: count.exactOptional(),
  }),
  'tool.denied': z.strictObject({ tool: word, reason: word, index: count }),
  'tool.allowed': z.strictObject({ tool: word, reason: word, index: count }),
  'conversation.begun': z.strictObject({ id: word, resumed: z.boolean(), program: word.exactOptional() }),
  'item.captured': z.strictObject({
    exit,
    product,
    activity: activity.exactOptional(),
    summaries: summaries.exactOptional(),
  }),
  'gate.ended': z.strictObject({
    gate: count,
    passed: z.boolean(),
    reason: word,
    exit: exit.exactOptional(),
    stdout: blob.exactOptional(),
    stderr: blob.exactOptional(),
    services: services.exactOptional(),
  }),
  'attempt.ended': z.strictObject({
    outcome: z.literal(['succeeded', 'failed', 'timed-out', 'lost', 'canceled', 'parked']),
    reason: word,
    detail: prose.exactOptional(),
    exit: exit.exactOptional(),
    product: product.exactOptional(),
    activity: activity.exactOptional(),
    summaries: summaries.exactOptional(),
  }),
  'item.parked': z.strictObject({
    reason: z.literal(['retry', 'capacity', 'rate-limit', 'input', 'approval', 'budget', 'quorum', 'pause']),
    token: word,
    resumeAt: instant.exactOptional(),
    expiresAt: instant.exactOptional(),
    detail: prose.exactOptional(),
    locksUntil: instant,
    snapshot: blob.exactOptional(),
    conversation: z.strictObject({ id: word, state: blob.exactOptional() }).exactOptional(),
    startsOver: z.boolean().exactOptional(),
    budget: z.strictObject({ account, of: measure, room: count, wanted: count.exactOptional() }).exactOptional(),
  }),
  'item.resumed': z.strictObject({ token: word, by: z.literal(['time', 'answer', 'expiry']) }),
  'locks.released': z.strictObject({ token: word }),
  'item.settled': z.strictObject({
    outcome: z.literal(['succeeded', 'failed', 'canceled', 'skipped']),
    reason: word,
  }),
  'items.settled': z.strictObject({
    outcome: z.literal(['skipped', 'canceled']),
    ranges: z.array(range).min(1),
    reason: word,
  }),
  'cancel.requested': z.strictObject({ reason: z.literal(['requested', 'timeout', 'parent']) }),
  'run.paused': z.strictObject({}),
  'run.resumed': z.strictObject({}),
  'service.paused': z.strictObject({}),
  'service.resumed': z.strictObject({}),
  'layer.launched': z.strictObject({
    layer: digest,
    launchId,
    executor: name,
    policy: digest.exactOptional(),
    probe: digest.exactOptional(),
  }),
  'layer.ended': z.strictObject({
    layer: digest,
    outcome: z.literal(['ready', 'failed']),
    reason: word,
    retryAt: instant.exactOptional(),
    detail: prose.exactOptional(),
    exit: exit.exactOptional(),
    stdout: blob.exactOptional(),
    stderr: blob.exactOptional(),
  }),
  'leftover.killed': z.strictObject({ executor: name, launchId, processes: positive }),
  'run.sealed': z.strictObject({
    segment: count,
    from: count,
    count: positive,
    last: digest,
    root: digest,
    status: z.literal(['succeeded', 'failed', 'canceled']),
  }),
}

/**
 * What is wrong with the data of a record that is still to be made, in words for who made it; `undefined` where nothing is.
 * Pure. It names fields, never their values.
 */
export function checkData(kind: RecordKind, data: unknown): string | undefined {
  const parsed = dataSchemas[kind].safeParse(data)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return `data.${issue?.path.join('.') ?? ''} is not valid.`
  }
  try {
    canonicalText(parsed.data)
    return undefined
  } catch (error) {
    if (!isSeamError(error)) throw error
    return error.message
  }
}

type Schemas = typeof schemas

/** The one list of fields of each record kind's `data`, version 1. Unknown fields are refused. */
export const dataSchemas: { readonly [K in RecordKind]: z.ZodType<RecordData[K]> } = allOf(schemas)

function allOf(all: Schemas & { readonly [K in RecordKind]: Takes<Schemas[K], RecordData[K]> }): {
  readonly [K in RecordKind]: z.ZodType<RecordData[K]>
} {
  return all
}
