import { createHash } from 'node:crypto'
import type { Json, TokenCounts } from '@seamark/core'
import type { RequestView } from './request-view.ts'
import type { Part, Reaction, Stop, UsageSpec } from './script.ts'
import { tokensOf, tokensOfJson } from './tokens.ts'

export type ReplyPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string }
  | {
      readonly kind: 'tool'
      readonly name: string
      readonly namespace?: string
      /** Of the call, as the client is to give it back. */
      readonly id: string
      readonly input: Json
      /** Its input is a text. */
      readonly custom: boolean
    }

/** An answer of the model, whatever its API. */
export interface Reply {
  /** Without the prefix of an API, 24 hexadecimal digits. */
  readonly id: string
  readonly model: string
  /** Epoch seconds. */
  readonly createdAt: number
  readonly parts: readonly ReplyPart[]
  readonly stop: Stop
  readonly usage: TokenCounts
}

/** An id that is the same whenever the same things happen. */
export function madeUpId(...from: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(from)).digest('hex').slice(0, 24)
}

/** The tokens of a part by the rule. */
export function partTokens(part: ReplyPart): number {
  if (part.kind !== 'tool') return tokensOf(part.text)
  return typeof part.input === 'string' && part.custom ? tokensOf(part.input) : tokensOfJson(part.input)
}

/** The longest beginning of a text, in whole characters, that has at most so many tokens. */
function cutText(text: string, tokens: number): string {
  const bytes = Buffer.from(text, 'utf8')
  let end = Math.min(bytes.length, tokens * 4)
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** As much of the parts as so many tokens allow. A call of a tool that does not fit is left out, and everything after it. */
function fit(parts: readonly ReplyPart[], maxTokens: number): { parts: readonly ReplyPart[]; whole: boolean } {
  const kept: ReplyPart[] = []
  let left = maxTokens
  for (const part of parts) {
    const tokens = partTokens(part)
    if (tokens > left) {
      const text = part.kind === 'tool' ? '' : cutText(part.text, left)
      if (part.kind !== 'tool' && text !== '') kept.push({ kind: part.kind, text })
      return { parts: kept, whole: false }
    }
    kept.push(part)
    left -= tokens
  }
  return { parts: kept, whole: true }
}

function usageOf(counted: number, parts: readonly ReplyPart[], spec: UsageSpec, caches: boolean): TokenCounts {
  const all = spec.input ?? counted
  const cacheRead = Math.min(spec.cacheRead ?? 0, all)
  const cacheWrite1h = caches ? Math.min(spec.cacheWrite1h ?? 0, all - cacheRead) : 0
  const cacheWrite5m = caches ? Math.min(spec.cacheWrite5m ?? 0, all - cacheRead - cacheWrite1h) : 0
  const sum = (some: readonly ReplyPart[]): number => some.reduce((total, part) => total + partTokens(part), 0)
  const output = spec.output ?? sum(parts)
  return {
    input: all - cacheRead - cacheWrite1h - cacheWrite5m,
    output,
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    reasoning: Math.min(output, sum(parts.filter(({ kind }) => kind === 'thinking'))),
  }
}

function replyPart(part: Part, request: RequestView, id: string): ReplyPart {
  if ('text' in part) return { kind: 'text', text: part.text }
  if ('thinking' in part) return { kind: 'thinking', text: part.thinking }
  const offered = request.tools.find(({ name }) => name === part.tool)
  const input = part.input ?? {}
  const { namespace } = offered ?? {}
  return {
    kind: 'tool',
    name: part.tool,
    ...(namespace !== undefined && { namespace }),
    id: part.id ?? `${request.api === 'anthropic.messages' ? 'toolu' : 'call'}_${id}`,
    input,
    custom: offered?.custom === true,
  }
}

export const partsOf = (answer: string | readonly Part[]): readonly Part[] =>
  typeof answer === 'string' ? (answer === '' ? [] : [{ text: answer }]) : answer

/** The answer that a turn says, to one request. `id` is its own. It has at most as many tokens as the request allows. */
export function replyOf(
  reaction: Extract<Reaction, { answer: unknown }>,
  request: RequestView,
  { id, now }: { readonly id: string; readonly now: number },
): Reply {
  const wanted = partsOf(reaction.answer).map((part, index) => replyPart(part, request, madeUpId(id, index)))
  const { parts, whole } = fit(wanted, request.maxTokens ?? Infinity)
  const calls = parts.some(({ kind }) => kind === 'tool')
  const stop = whole ? (reaction.stop ?? (calls ? 'tool' : 'end')) : 'length'
  const caches = request.api === 'anthropic.messages'
  return {
    id,
    model: request.model,
    createdAt: Math.floor(now / 1000),
    parts,
    stop,
    usage: usageOf(request.inputTokens, parts, reaction.usage ?? {}, caches),
  }
}

/** A text in deltas of at most so many characters, never in the middle of one. At least one delta. */
export function deltasOf(text: string, characters: number): readonly string[] {
  const points = Array.from(text)
  const deltas: string[] = []
  for (let at = 0; at < points.length; at += characters) deltas.push(points.slice(at, at + characters).join(''))
  return deltas.length > 0 ? deltas : ['']
}
