import type { AnsweredCall } from './call.ts'
import { dialectOf } from './dialects.ts'
import type { Dialect } from './dialects.ts'
import { eventStreamReader } from './event-stream.ts'
import { jsonPicker } from './json-picker.ts'
import type { JsonPicker } from './json-picker.ts'
import { reserved } from './outcome.ts'
import type { AnswerOutcome } from './outcome.ts'
import { sseReader } from './sse.ts'

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number
  /** The header `content-type`. */
  readonly contentType?: string
  /** The header `content-encoding`. */
  readonly contentEncoding?: string
  /** What `limitHeaders` gives of its headers. */
  readonly limits?: Readonly<Record<string, string>>
}

/** Reads an answer beside its way to the program. Never throws for what an answer holds. */
export interface AnswerReader {
  /** The next bytes of the body, of any number. They are not kept. */
  push(bytes: Uint8Array): void
  /** `whole`: the connection ended as HTTP says it should, and was not cut. Call it once. */
  end(whole: boolean): AnswerOutcome
}

/** Statuses with which the providers say that nothing was generated. */
const NOTHING_GENERATED = new Set([500, 503, 529])

/** Events one after another: what was picked of each, given on only where all of it is sound. */
function collect(dialect: Dialect): { readonly picker: JsonPicker; end(): boolean } {
  const values = new Map<string, unknown[]>()
  const picker = jsonPicker(dialect.paths, (path, value) => {
    const found = values.get(path)
    if (found === undefined) values.set(path, [value])
    // Only the last of many in one event is new.
    else if (found.length < 16) found.push(value)
    else found[15] = value
  })
  return {
    picker,
    end() {
      const sound = picker.end()
      if (sound) dialect.take(values)
      values.clear()
      return sound
    },
  }
}

interface Body {
  push(bytes: Uint8Array): void
  /** True when the form was sound to the end. */
  end(): boolean
}

/** One JSON document. The values of an array of chunks are given on as they come, so none is kept. */
function jsonBody(dialect: Dialect): Body {
  const picker = jsonPicker(dialect.paths, (path, value) => {
    dialect.take(new Map([[path, [value]]]))
  })
  return { push: (bytes) => picker.push(bytes), end: () => picker.end() }
}

const DONE = '[DONE]'

function eventsBody(dialect: Dialect): Body {
  const event = collect(dialect)
  let word = ''
  let sound = true
  const reader = sseReader({
    data(bytes) {
      event.picker.push(bytes)
      if (word.length <= DONE.length) word += Buffer.from(bytes.subarray(0, DONE.length + 1)).toString('latin1')
    },
    dispatch() {
      const read = event.end()
      if (word === DONE) dialect.done()
      else if (!read) sound = false
      word = ''
    },
  })
  // One event that cannot be read may have held the usage.
  return { push: (bytes) => reader.push(bytes), end: () => sound }
}

function framesBody(dialect: Dialect, inChunks: boolean): Body {
  let sound = true
  const event = collect(dialect)
  const reader = eventStreamReader(({ headers, payload }) => {
    if (headers.get(':message-type') !== 'event') {
      sound = false
      return
    }
    if (!inChunks) event.picker.push(payload)
    else {
      const outer = jsonPicker(['bytes'], (_, value) => {
        if (typeof value === 'string') event.picker.push(Buffer.from(value, 'base64'))
      })
      outer.push(payload)
      if (!outer.end()) sound = false
    }
    if (!event.end()) sound = false
  })
  return { push: (bytes) => reader.push(bytes), end: () => reader.end() && sound }
}

function formOf(contentType: string | undefined): 'json' | 'events' | 'frames' | undefined {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json') return 'json'
  if (type === 'text/event-stream') return 'events'
  return type === 'application/vnd.amazon.eventstream' ? 'frames' : undefined
}

/**
 * A reader of the answer to a call. It holds no more than one frame or one value of usage, whatever comes.
 *
 * A status of 4xx but 408 and 499, and 500, 503 and 529, is `free`. Any other but 200 settles at what was reserved.
 */
export function answerReader(call: AnsweredCall, head: AnswerHead): AnswerReader {
  const fixed = (outcome: AnswerOutcome): AnswerReader => ({ push: () => undefined, end: () => outcome })
  const { status, contentEncoding = 'identity' } = head
  const refused = status >= 400 && status < 500 && status !== 408 && status !== 499
  if (refused || NOTHING_GENERATED.has(status)) return fixed({ kind: 'free' })
  const form = formOf(head.contentType)
  const dialect =
    form === undefined || status !== 200 || contentEncoding !== 'identity' ? undefined : dialectOf(call, form)
  if (dialect === undefined) return fixed(reserved('unreadable'))
  const body =
    form === 'json'
      ? jsonBody(dialect)
      : form === 'events'
        ? eventsBody(dialect)
        : framesBody(dialect, call.api === 'bedrock.invoke')
  return {
    push: (bytes) => body.push(bytes),
    end(whole) {
      const sound = body.end()
      const outcome = dialect.outcome(whole && sound)
      if (form !== 'json' && !sound && outcome.kind === 'usage') return reserved('unreadable')
      return outcome
    },
  }
}
