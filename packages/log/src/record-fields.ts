import type {
  AgentActivity,
  BlobRef,
  Exit,
  InputRef,
  PayloadCommitment,
  Product,
  ServiceReport,
  Step,
  SummarizedOutput,
} from '@seamark/core'
import { EXIT_REASONS, ITEM_ID, NAME } from '@seamark/kit'
import { z } from 'zod'
import { exactly } from './exactly.ts'
import { LIMITS } from './limits.ts'
import { ORIGIN } from './origin.ts'

/** Integers from 0 to 2^53−1. */
export const count: z.ZodInt = z.int().min(0).meta({ title: 'integer' })
export const positive: z.ZodInt = z.int().min(1).meta({ title: 'integer from 1' })
export const instant: z.ZodInt = z.int().min(0).meta({ title: 'epoch milliseconds' })
export const digest: z.ZodString = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ title: '32 bytes, hex' })
export const gitId: z.ZodString = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
  .meta({ title: 'git object id' })
/** Namespaces, run ids, names of executors. */
export const name: z.ZodString = z.string().regex(NAME).meta({ title: 'name' })
export const itemId: z.ZodString = z.string().regex(ITEM_ID).meta({ title: 'item id' })
/** What programs compare: a principal id, a reason, a token. */
export const word: z.ZodString = z.string().min(1).max(200).meta({ title: 'text to 200' })
/** What people read. */
export const prose: z.ZodString = z.string().max(4_096).meta({ title: 'text to 4,096' })
/** A host as a program asked for it. */
export const hostText: z.ZodString = z.string().min(1).max(300).meta({ title: 'text to 300' })
export const path: z.ZodString = z.string().min(1).max(4_096).meta({ title: 'path' })
export const launchId: z.ZodString = z
  .string()
  .regex(/^sm[a-z2-7]{32}$/)
  .meta({ title: 'launch id' })
/** `<host or seamark.invalid>/<128-bit log id in hex>`. */
export const origin: z.ZodString = z.string().max(300).regex(ORIGIN).meta({ title: 'origin' })

export const step: z.ZodType<Step> = exactly<Step>()(
  z
    .union([z.literal(['setup', 'main']), z.templateLiteral(['gate:', z.int().min(0).max(9_999)])])
    .meta({ title: '`setup`, `main` or `gate:<n>`' }),
)

export const blob: z.ZodType<BlobRef> = exactly<BlobRef>()(
  z.strictObject({ sha256: digest, size: count }).meta({ title: 'blob' }),
)

const imageDigest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .meta({ title: '`sha256:` and 64 hexadecimal digits' })

export const exit: z.ZodType<Exit> = exactly<Exit>()(
  z
    .strictObject({
      code: z.int().exactOptional(),
      signal: word.exactOptional(),
      reason: z.literal(EXIT_REASONS),
      startedAt: instant,
      endedAt: instant,
      outputBytes: count,
      image: imageDigest.exactOptional(),
      left: z.strictObject({ processes: count, names: z.array(word).max(LIMITS.leftNames) }).exactOptional(),
      refusedWrites: z.strictObject({ count: positive, paths: z.array(word).max(LIMITS.refusedPaths) }).exactOptional(),
      detail: prose.exactOptional(),
    })
    .meta({ title: 'exit' }),
)

export const services: z.ZodType<readonly ServiceReport[]> = exactly<readonly ServiceReport[]>()(
  z
    .array(
      z.strictObject({
        name: itemId,
        end: z.literal(['stopped', 'killed', 'ended', 'not-ready', 'not-started']).exactOptional(),
        code: z.int().exactOptional(),
        signal: word.exactOptional(),
        log: blob.exactOptional(),
        lost: count.exactOptional(),
      }),
    )
    .max(LIMITS.servicesPerItem)
    .meta({ title: 'services' }),
)

export const product: z.ZodType<Product> = exactly<Product>()(
  z
    .strictObject({
      patch: z
        .strictObject({ sha256: digest, size: count, files: count, baseTree: gitId, tree: gitId })
        .exactOptional(),
      outputs: z.array(z.strictObject({ path, blob })).max(LIMITS.outputsPerProduct),
      stdout: blob,
      stderr: blob,
      stdin: blob.exactOptional(),
      snapshot: blob.exactOptional(),
      services: services.exactOptional(),
    })
    .meta({ title: 'product' }),
)

export const activity: z.ZodType<AgentActivity> = exactly<AgentActivity>()(
  z
    .strictObject({
      turns: count,
      calls: count,
      tools: z.array(z.strictObject({ tool: word, calls: count })).max(LIMITS.activityTools),
      allowed: count,
      denied: count,
      nudges: count,
      nudgedFor: z.array(word).max(LIMITS.activityNudged),
      usage: z
        .array(z.strictObject({ model: word, inputTokens: count, outputTokens: count }))
        .max(LIMITS.activityModels + 1),
    })
    .meta({ title: 'activity' }),
)

const covered = z.strictObject({ covered: count, total: count })

export const summaries: z.ZodType<readonly SummarizedOutput[]> = exactly<readonly SummarizedOutput[]>()(
  z
    .array(
      z.strictObject({
        path,
        summary: z.union([
          z.strictObject({
            kind: z.literal('junit'),
            tests: count,
            failures: count,
            errors: count,
            skipped: count,
            failing: z.array(word).max(LIMITS.summaryNames),
          }),
          z.strictObject({
            kind: z.literal('sarif'),
            errors: count,
            warnings: count,
            notes: count,
            suppressed: count,
            findings: z
              .array(
                z.strictObject({
                  level: z.literal(['error', 'warning', 'note']),
                  rule: word.exactOptional(),
                  place: word.exactOptional(),
                }),
              )
              .max(LIMITS.summaryNames),
          }),
          z.strictObject({ kind: z.literal('coverage'), lines: covered, branches: covered.exactOptional() }),
          z.strictObject({ kind: z.literal(['junit', 'sarif', 'coverage']), unreadable: word }),
        ]),
      }),
    )
    .max(LIMITS.outputsPerProduct)
    .meta({ title: 'summaries' }),
)

export const inputs: z.ZodType<readonly InputRef[]> = exactly<readonly InputRef[]>()(
  z
    .array(
      z.strictObject({
        name: word,
        from: itemId,
        select: z.literal(['patch', 'workspace', 'output']),
        path: path.exactOptional(),
        blob,
      }),
    )
    .max(LIMITS.inputsPerLaunch)
    .meta({ title: 'inputs' }),
)

export const payload: z.ZodType<PayloadCommitment> = exactly<PayloadCommitment>()(
  z
    .strictObject({ hmac: digest, size: z.int().min(0).max(LIMITS.payloadBytes), mediaType: word })
    .meta({ title: 'payload commitment' }),
)
