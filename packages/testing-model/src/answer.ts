import type { Failure } from './failures.ts'
import { eventFrame } from './platform.ts'
import { piecesOf } from './pieces.ts'
import type { StreamSpec } from './script.ts'
import type { SseEvent } from './sse.ts'
import { sseBytes } from './sse.ts'

/** What goes over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Of the body, each written by itself. */
  readonly pieces: readonly Uint8Array[]
  readonly firstDelayMs: number
  readonly delayMs: number
  /** How the connection ends: as it should, cut after the last piece, cut before the answer, or never. */
  readonly end: 'whole' | 'cut' | 'reset' | 'never'
}

type Headers = Readonly<Record<string, string>>

const pace = ({ firstDelayMs = 0, delayMs = 0 }: StreamSpec): Pick<Answer, 'firstDelayMs' | 'delayMs'> => ({
  firstDelayMs,
  delayMs,
})

export function jsonAnswer(status: number, headers: Headers, body: object, stream: StreamSpec = {}): Answer {
  const bytes = Buffer.from(JSON.stringify(body))
  const { cutInEvent: _, ...rest } = stream
  const { pieces, cut } = piecesOf([bytes], rest)
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers },
    pieces,
    ...pace(stream),
    end: cut ? 'cut' : 'whole',
  }
}

/** `framed` is for a platform whose streams are not of server-sent events. */
export function streamAnswer(
  headers: Headers,
  events: readonly SseEvent[],
  stream: StreamSpec,
  framed: boolean,
): Answer {
  const { pieces, cut } = piecesOf(events.map(framed ? eventFrame : sseBytes), stream)
  const type = framed ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8'
  return {
    status: 200,
    headers: { 'content-type': type, 'cache-control': 'no-cache', ...headers },
    pieces,
    ...pace(stream),
    end: cut ? 'cut' : 'whole',
  }
}

export function failureAnswer({ status, headers, body }: Failure, more: Headers, stream: StreamSpec = {}): Answer {
  return jsonAnswer(status, { ...headers, ...more }, body, stream)
}

const GATEWAY_PAGE = '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>'

/** What no API answers: a proxy's page, or nothing. */
export function brokenAnswer(kind: 'reset' | 'hang' | 'bad-gateway', headers: Headers, stream: StreamSpec): Answer {
  const page = kind === 'bad-gateway' ? [Buffer.from(GATEWAY_PAGE)] : []
  return {
    status: 502,
    headers: { 'content-type': 'text/html', ...headers },
    pieces: page,
    ...pace(stream),
    end: kind === 'bad-gateway' ? 'whole' : kind === 'reset' ? 'reset' : 'never',
  }
}
