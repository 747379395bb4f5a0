import { SeamError } from '@seamark/kit'
import type { Api, BodyChange, ModelCall, ModelRequest, Provider, RequestOptions } from './call.ts'
import { withEdits } from './json-body.ts'
import type { Edit, JsonBody } from './json-body.ts'
import { METERING_LIMITS } from './limits.ts'
import type { Content } from './parts.ts'
import { textSize } from './text-size.ts'

/** Tokens to think for, which the most tokens of an answer bound only where they are less. */
export interface Thinking {
  readonly value: unknown
  readonly pointer: string
  /** Where it can be lowered. */
  readonly path?: Edit['path']
}

/** What a reader of one API found in a request. */
export interface FoundCall {
  readonly api: Api
  readonly provider: Provider
  readonly model: unknown
  readonly location?: string
  readonly stream: boolean
  readonly body: JsonBody
  /** Where the API reads the most tokens of an answer; the last is set where none is. */
  readonly maxTokens: readonly Edit['path'][]
  /** How many answers the request asks for; one where absent. */
  readonly choices?: { readonly value: unknown; readonly pointer: string }
  /** How much the request has the model think. */
  readonly thinking?: readonly Thinking[]
  readonly content: Content
  /** Other members to set. */
  readonly edits?: readonly Edit[]
  readonly unbounded: readonly string[]
}

export const pointerTo = (...names: readonly string[]): string =>
  names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function valueAt(body: JsonBody, path: Edit['path']): unknown {
  const span = body.spans.get(path.join('\n'))
  return span === undefined ? undefined : (JSON.parse(body.text.slice(...span)) as unknown)
}

/** A positive integer of the request. Errors: `INVALID_INPUT`. */
function positive(value: unknown, pointer: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new SeamError('INVALID_INPUT', `${pointer} is no whole number above 0.`, { place: { pointer } })
}

/** Members of an object that are not known to cost no more than their tokens. */
export function otherMembers(value: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): string[] {
  return Object.keys(value)
    .filter((name) => !known.has(name))
    .map((name) => pointerTo(name))
}

/**
 * Keeps thinking within an answer of `most` tokens, of `wanted` before it was lowered. Beyond that it goes on between the calls of tools
 * until the context is full, so it has no bound.
 */
function bounded(
  thinking: readonly Thinking[],
  most: number,
  wanted: number,
): Pick<FoundCall, 'unbounded'> & { readonly edits: readonly Edit[] } {
  const edits: Edit[] = []
  const unbounded: string[] = []
  for (const { value, pointer, path } of thinking) {
    if (value === undefined || value === null) continue
    const asked = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Infinity
    if (asked < most) continue
    if (path !== undefined && asked < wanted) edits.push({ path, value: most - 1 })
    else unbounded.push(pointer)
  }
  return { edits, unbounded }
}

/** The call with its bounds and its changed body. Errors: `INVALID_INPUT`. */
export function buildCall(request: ModelRequest, found: FoundCall, options: RequestOptions): ModelCall {
  const { body } = found
  if (typeof found.model !== 'string' || found.model === '' || found.model.length > 512)
    throw new SeamError('INVALID_INPUT', 'The request names no model.', { place: { pointer: '/model' } })
  const edits: Edit[] = [...(found.edits ?? [])]
  const asked = found.maxTokens
    .map((path) => ({ path, value: valueAt(body, path) }))
    .filter(({ value }) => value !== undefined && value !== null)
  // Of two names for one bound, either may be read.
  let perChoice = asked.length === 0 ? options.maxOutputTokens : 1
  for (const { path, value } of asked) {
    const wanted = positive(value, pointerTo(...path))
    if (wanted > options.maxOutputTokens) edits.push({ path, value: options.maxOutputTokens })
    perChoice = Math.max(perChoice, Math.min(wanted, options.maxOutputTokens))
  }
  const unsaid = found.maxTokens.at(-1)
  if (asked.length === 0 && unsaid !== undefined) edits.push({ path: unsaid, value: options.maxOutputTokens })
  const wanted = asked.map(({ path, value }) => positive(value, pointerTo(...path)))
  const thought = bounded(found.thinking ?? [], perChoice, wanted.length === 0 ? Infinity : Math.max(...wanted))
  edits.push(...thought.edits)
  const { value: asks = 1, pointer = '' } = found.choices ?? {}
  const choices = asks === null ? 1 : positive(asks, pointer)
  const changes: BodyChange[] = edits.map(({ path, value }) => {
    const from = valueAt(body, path)
    return { pointer: pointerTo(...path), ...(from !== undefined && { from }), to: value }
  })
  const sent = edits.length === 0 ? request.body : new TextEncoder().encode(withEdits(body, edits))
  const { pictures, elsewhere, cacheWrite } = found.content
  return {
    api: found.api,
    provider: found.provider,
    model: found.model,
    ...(found.location !== undefined && { location: found.location }),
    stream: found.stream,
    // A token of text is at least one byte, and JSON never writes a text in fewer bytes than UTF-8.
    ...(!elsewhere && {
      inputTokens: textSize(body) + METERING_LIMITS.addedTokens + pictures * METERING_LIMITS.claudeImageTokens,
    }),
    maxOutputTokens: perChoice * choices,
    cacheWrite,
    body: sent,
    changes,
    headers: { 'accept-encoding': 'identity' },
    unbounded: [...found.unbounded, ...thought.unbounded],
  }
}
