import type {
  AgentActivity,
  BlobRef,
  Isolation,
  ItemRow,
  LeftProcesses,
  RefusedRequests,
  RefusedWrites,
  ParkReason,
  Pause,
  Product,
  Question,
  SpentBudget,
  SummarizedOutput,
} from '@seamark/core'
import { z } from 'zod'
import { count, digest, maybe } from './exact.ts'
import { spentBudget } from './usage.ts'

/** What an item waits for, derived from state when it is asked. */
export type WaitingReason =
  | { readonly for: 'needs'; readonly items: readonly string[] }
  | { readonly for: 'lock'; readonly lock: string; readonly heldBy?: { readonly run: string; readonly item: string } }
  | { readonly for: 'queue'; readonly queue: string }
  | { readonly for: 'setup'; readonly layer: string }
  | { readonly for: 'disk' }
  /** It is ready, and nothing new is launched, of its run or of any. `POST …/resume` ends that. */
  | ({ readonly for: 'pause'; readonly of: 'run' | 'service' } & Pause)
  | {
      readonly for: 'parked'
      readonly reason: string
      readonly token: string
      readonly resumeAt?: number
      /** The budget that it waits for. */
      readonly budget?: SpentBudget
      /** What is away, and what brings it back. */
      readonly detail?: string
      /** What a person has to answer. */
      readonly question?: Question
    }

const away = z.string().describe('What is away, and what brings it back.')

export const waitingReason: z.ZodType<WaitingReason> = z.discriminatedUnion('for', [
  z.object({ for: z.literal('needs'), items: z.array(z.string()) }),
  z.object({
    for: z.literal('lock'),
    lock: z.string(),
    heldBy: maybe(z.object({ run: z.string(), item: z.string() })),
  }),
  z.object({ for: z.literal('queue'), queue: z.string() }),
  z.object({ for: z.literal('setup'), layer: z.string() }),
  z.object({ for: z.literal('disk') }),
  z.object({ for: z.literal('pause'), of: z.enum(['run', 'service']), by: z.string(), at: count }),
  z.object({
    for: z.literal('parked'),
    reason: z.string(),
    token: z.string(),
    resumeAt: maybe(count),
    budget: maybe(spentBudget),
    detail: maybe(away),
    question: maybe(z.object({ id: z.string(), text: z.string() }).describe('What a person has to answer.')),
  }),
])

/** An item, as every list, answer and `--json` document shows it. */
export interface ItemView extends ItemRow {
  /** Only while the item waits and the run is in memory. */
  readonly waiting?: WaitingReason
  /**
   * How strongly the executor of the newest attempt separates it from its host: `none` is not at all. Absent before
   * the first, and where this deployment has no executor of that name.
   */
  readonly isolation?: Isolation
}

export const isolation: z.ZodType<Isolation> = z
  .enum(['none', 'namespace', 'container', 'vm'])
  .describe('How strongly its executor separates it from the host; `none`: not at all.')

const blob = { sha256: digest, size: count.describe('Bytes.') }
const blobRef: z.ZodType<BlobRef> = z.object(blob)

export const product: z.ZodType<Product> = z.object({
  patch: maybe(z.object({ ...blob, files: count, baseTree: z.string(), tree: z.string() })),
  outputs: z.array(z.object({ path: z.string(), blob: blobRef })),
  stdout: blobRef,
  stderr: blobRef,
  stdin: maybe(blobRef.describe('What was written to its program, as lines of JSON.')),
  snapshot: maybe(blobRef),
  services: maybe(
    z.array(
      z.object({
        name: z.string(),
        end: maybe(z.enum(['stopped', 'killed', 'ended', 'not-ready', 'not-started'])),
        code: maybe(z.int()),
        signal: maybe(z.string()),
        log: maybe(blobRef),
        lost: maybe(count.describe('Bytes that it wrote beyond what is kept.')),
      }),
    ),
  ),
})

const left: z.ZodType<LeftProcesses> = z
  .object({ processes: count, names: z.array(z.string()) })
  .describe(
    'What its program left running when it ended, which was ended then, with names of a few. Absent: nothing, or not known.',
  )

const refusedWrites: z.ZodType<RefusedWrites> = z
  .object({ count: count, paths: z.array(z.string()) })
  .describe('Writes that its policy does not let be, with a few of the paths. Absent: none, or not known.')

const refusedRequests: z.ZodType<RefusedRequests> = z
  .object({ count: count, reasons: z.array(z.string()) })
  .describe('Requests that its way out refused, with words of why, once the attempt has ended. Absent: none.')

const activity: z.ZodType<AgentActivity> = z
  .object({
    turns: count.describe('How often it was given words to answer.'),
    calls: count.describe('Calls of tools.'),
    tools: z.array(z.object({ tool: z.string(), calls: count })),
    allowed: count.describe('Calls that it asked for and was allowed.'),
    denied: count.describe('Calls that it asked for and was denied.'),
    nudges: count.describe('How often it was told that it repeats itself.'),
    nudgedFor: z.array(z.string()),
    usage: z.array(z.object({ model: z.string(), inputTokens: count, outputTokens: count })),
  })
  .describe(
    'What the agent of the newest attempt did, by what its program says, once its main step has ended. What is charged is what was metered.',
  )

const covered = z.object({ covered: count, total: count })

const summaries: z.ZodType<readonly SummarizedOutput[]> = z
  .array(
    z.object({
      path: z.string(),
      summary: z.union([
        z.object({
          kind: z.literal('junit'),
          tests: count,
          failures: count,
          errors: count,
          skipped: count,
          failing: z.array(z.string()).describe('Names of the first cases that failed or ended with an error.'),
        }),
        z.object({
          kind: z.literal('sarif'),
          errors: count,
          warnings: count,
          notes: count,
          suppressed: count,
          findings: z.array(
            z.object({
              level: z.enum(['error', 'warning', 'note']),
              rule: maybe(z.string()),
              place: maybe(z.string().describe('Path, with a line after a colon where it has one.')),
            }),
          ),
        }),
        z.object({ kind: z.literal('coverage'), lines: covered, branches: maybe(covered) }),
        z.object({
          kind: z.enum(['junit', 'sarif', 'coverage']),
          unreadable: z.string().describe('Why it could not be read.'),
        }),
      ]),
    }),
  )
  .describe('What outputs with a kind say that the newest attempt left, whether it succeeded or not.')

export const itemStatus: z.ZodType<ItemView['status']> = z.enum([
  'waiting',
  'running',
  'parked',
  'succeeded',
  'failed',
  'canceled',
  'skipped',
])

const parkReason: z.ZodType<ParkReason> = z.enum([
  'retry',
  'capacity',
  'rate-limit',
  'input',
  'approval',
  'budget',
  'quorum',
  'pause',
])

export const itemView: z.ZodType<ItemView> = z.object({
  run: z.string(),
  index: count,
  item: z.string(),
  status: itemStatus,
  attempt: count.describe('Number of the newest attempt, 0 before the first.'),
  reason: maybe(z.string().describe('Why it settled, or why its newest attempt ended so.')),
  detail: maybe(z.string().describe('More about `reason`, for a person.')),
  parked: maybe(
    z.object({
      reason: parkReason,
      token: z.string(),
      resumeAt: maybe(count),
      budget: maybe(spentBudget),
      detail: maybe(away),
    }),
  ),
  product: maybe(product),
  left: maybe(left),
  refusedWrites: maybe(refusedWrites),
  refusedRequests: maybe(refusedRequests),
  activity: maybe(activity),
  summaries: maybe(summaries),
  lastOutcome: maybe(z.enum(['succeeded', 'failed', 'timed-out', 'lost', 'canceled', 'parked'])),
  startedAt: maybe(count.describe('Epoch milliseconds.')),
  endedAt: maybe(count.describe('Epoch milliseconds.')),
  executor: maybe(z.string()),
  isolation: maybe(isolation),
  waiting: maybe(waitingReason),
})

export interface ItemPage {
  readonly items: readonly ItemView[]
  /** Asks for the next page; absent on the last. */
  readonly cursor?: string
}

export const itemPage: z.ZodType<ItemPage> = z.object({ items: z.array(itemView), cursor: maybe(z.string()) })
