import type { AnsweredCall } from './call.ts'
import { reserved } from './outcome.ts'
import type { AnswerOutcome } from './outcome.ts'
import { anthropicUsage, chatUsage, converseUsage, generateUsage, mergeCounts, responsesUsage } from './usage-fields.ts'
import type { Counts, ReportFault, UsageForm } from './usage-fields.ts'

/** The values that were picked out of one document or event, by path. */
export type Values = ReadonlyMap<string, readonly unknown[]>

/** How the answers of one API say their usage, streamed or not. */
export interface Dialect {
  /** Paths to pick from each document or event. */
  readonly paths: readonly string[]
  take(values: Values): void
  /** An event that is the bare word `[DONE]`. */
  done(): void
  /** `whole`: all bytes of the answer came, and its form was sound to the end. */
  outcome(whole: boolean): AnswerOutcome
}

/** Gathers the reports of one answer, and the first reason not to believe them. */
function gather(form: UsageForm): {
  add(usage: unknown): void
  fault(why: ReportFault): void
  outcome(final: boolean): AnswerOutcome
} {
  let counts: Counts | undefined
  let fault: ReportFault | undefined
  return {
    add(usage) {
      const report = form.read(usage)
      if (typeof report === 'string') fault ??= report
      else counts = mergeCounts(counts ?? {}, report)
    },
    fault(why) {
      fault ??= why
    },
    outcome(final) {
      if (!final) return reserved('cut')
      if (fault !== undefined) return reserved(fault)
      if (counts === undefined) return reserved('no-usage')
      const tokens = form.derive(counts)
      return typeof tokens === 'string' ? reserved(tokens) : { kind: 'usage', tokens }
    },
  }
}

const present = (value: unknown): boolean => value !== undefined && value !== null

/** One JSON document with its usage in one place. */
function document(path: string, form: UsageForm, tier?: string): Dialect {
  const usage = gather(form)
  return {
    paths: tier === undefined ? [path] : [path, tier],
    take(values) {
      for (const value of values.get(path) ?? []) if (present(value)) usage.add(value)
      if (tier !== undefined && (values.get(tier) ?? []).includes('priority')) usage.fault('unpriced')
    },
    done: () => undefined,
    outcome: (whole) => usage.outcome(whole),
  }
}

/** Messages: `message_start` and each `message_delta` say what was used so far; `message_stop` is the last word. */
function anthropicStream(cacheWrite: AnsweredCall['cacheWrite']): Dialect {
  const usage = gather(anthropicUsage(cacheWrite))
  let started = false
  let counted = false
  let stopped = false
  return {
    paths: ['type', 'message.usage', 'usage'],
    take(values) {
      const [type] = values.get('type') ?? []
      const [first] = values.get('message.usage') ?? []
      const [later] = values.get('usage') ?? []
      if (type === 'message_start' && present(first)) {
        usage.add(first)
        started = true
      }
      if (type === 'message_delta' && present(later)) {
        usage.add(later)
        counted = true
      }
      if (type === 'message_stop') stopped = true
    },
    done: () => undefined,
    outcome: () => usage.outcome(started && counted && stopped),
  }
}

const LAST_RESPONSE = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** Responses: the event that ends the response carries its usage. */
function responsesStream(): Dialect {
  const usage = gather(responsesUsage)
  let ended = false
  return {
    paths: ['type', 'response.usage', 'response.service_tier'],
    take(values) {
      const [type] = values.get('type') ?? []
      if (typeof type !== 'string' || !LAST_RESPONSE.has(type)) return
      ended = true
      const [report] = values.get('response.usage') ?? []
      if (present(report)) usage.add(report)
      if ((values.get('response.service_tier') ?? []).includes('priority')) usage.fault('unpriced')
    },
    done: () => undefined,
    outcome: () => usage.outcome(ended),
  }
}

/** Chat Completions: the last chunk before `[DONE]` carries the usage. */
function chatStream(): Dialect {
  const inner = document('usage', chatUsage, 'service_tier')
  let ended = false
  return {
    ...inner,
    done() {
      ended = true
    },
    outcome: () => inner.outcome(ended),
  }
}

/** Converse: the event `metadata` is the last, and the only one with `usage`. */
function converseStream(cacheWrite: AnsweredCall['cacheWrite']): Dialect {
  const usage = gather(converseUsage(cacheWrite))
  let ended = false
  return {
    paths: ['usage'],
    take(values) {
      for (const value of values.get('usage') ?? []) {
        usage.add(value)
        ended = true
      }
    },
    done: () => undefined,
    outcome: () => usage.outcome(ended),
  }
}

/**
 * generateContent: every chunk may say what was used so far. The last chunk says why each candidate, or the prompt,
 * ended; no event follows it, so the bytes must have ended well too. `prefix` is `*.` where chunks are one JSON array.
 */
function generateStream(prefix: string): Dialect {
  const usage = gather(generateUsage)
  let ended = false
  const [report, finish, block] = [
    `${prefix}usageMetadata`,
    `${prefix}candidates.*.finishReason`,
    `${prefix}promptFeedback.blockReason`,
  ]
  return {
    paths: [report, finish, block],
    take(values) {
      for (const value of values.get(report) ?? []) if (present(value)) usage.add(value)
      ended ||= [...(values.get(finish) ?? []), ...(values.get(block) ?? [])].some(present)
    },
    done: () => undefined,
    outcome: (whole) => usage.outcome(whole && ended),
  }
}

/** The dialect of a call's answer. `form` is what the answer's type of content says. */
export function dialectOf(call: AnsweredCall, form: 'json' | 'events' | 'frames'): Dialect | undefined {
  const { cacheWrite } = call
  switch (call.api) {
    case 'anthropic.messages':
    case 'vertex.anthropic':
      if (form === 'frames') return undefined
      return form === 'json' ? document('usage', anthropicUsage(cacheWrite)) : anthropicStream(cacheWrite)
    case 'bedrock.invoke':
      if (form === 'events') return undefined
      return form === 'json' ? document('usage', anthropicUsage(cacheWrite)) : anthropicStream(cacheWrite)
    case 'bedrock.converse':
      if (form === 'events') return undefined
      return form === 'json' ? document('usage', converseUsage(cacheWrite)) : converseStream(cacheWrite)
    case 'openai.responses':
      if (form === 'frames') return undefined
      return form === 'json' ? document('usage', responsesUsage, 'service_tier') : responsesStream()
    case 'openai.chat':
      if (form === 'frames') return undefined
      return form === 'json' ? document('usage', chatUsage, 'service_tier') : chatStream()
    case 'vertex.generate':
      if (form === 'frames') return undefined
      return generateStream(form === 'json' && call.stream ? '*.' : '')
  }
}
