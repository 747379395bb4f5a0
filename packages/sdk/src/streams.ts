import { backoffMs, SeamError, sleep } from '@seamark/kit'
import { ATTEMPT_HEADER, ROUTES, transcriptLine } from '@seamark/protocol/wire'
import type { EventsQuery, Route, RunEvent, ServiceEvent, TranscriptLine } from '@seamark/protocol/wire'
import { isCut, open, persist } from './call.ts'
import type { CallInput } from './call.ts'
import { jsonLines } from './lines.ts'
import type { ClientOptions } from './options.ts'
import type { Transport } from './transport.ts'

export interface LogsRequest {
  readonly stream?: 'stdout' | 'stderr' | 'transcript' | undefined
  readonly from?: number | undefined
  readonly follow?: boolean | undefined
  readonly attempt?: number | undefined
  readonly step?: 'setup' | 'main' | `gate:${number}` | undefined
  readonly service?: string | undefined
}

/** Counts cuts without progress; waits before the next try, or gives up with the error. */
function patience(options: ClientOptions, signal: AbortSignal | undefined) {
  let cuts = 0
  return {
    progress: () => {
      cuts = 0
    },
    async afterCut(error: unknown) {
      if (!isCut(error) || ++cuts >= (options.attempts ?? 4)) throw error
      await sleep(backoffMs(cuts - 1, options.minDelayMs ?? 50, 2_000, Math.random()), signal)
    },
  }
}

interface EventsInput {
  readonly from?: number
  readonly follow?: boolean
}

/** The records of a run, each once and in order, through cuts of the connection. */
export async function* eventStream(
  transport: Transport,
  options: ClientOptions,
  run: string,
  input: EventsInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Exclude<RunEvent, { readonly type: 'ping' }>> {
  for await (const event of eventLines(transport, options, ROUTES.events, { run }, input, signal))
    if (event.type !== 'ping') yield event
}

/** The records of all runs and of the service, in the same way. */
export async function* serviceEventStream(
  transport: Transport,
  options: ClientOptions,
  input: EventsInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Exclude<ServiceEvent, { readonly type: 'ping' }>> {
  for await (const event of eventLines(transport, options, ROUTES.serviceEvents, {}, input, signal))
    if (event.type !== 'ping') yield event
}

async function* eventLines<P, E extends RunEvent | ServiceEvent>(
  transport: Transport,
  options: ClientOptions,
  route: Route<P, EventsQuery, never, E>,
  params: P,
  input: EventsInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<E> {
  const { answer } = route
  if (answer.kind !== 'ndjson') throw new SeamError('INTERNAL', 'Events are no stream of lines.')
  const follow = input.follow ?? false
  const tries = patience(options, signal)
  let from = input.from ?? 0
  for (;;) {
    try {
      const query = { from, follow }
      const response = await open(transport, route, { params, query, ...(signal && { signal }) })
      for await (const line of jsonLines(response.body)) {
        const event = answer.schema.safeParse(line)
        if (!event.success) throw new SeamError('INTERNAL', 'The service sent an event that /v1 does not have.')
        tries.progress()
        if (event.data.type === 'record') {
          if (event.data.seq < from) continue
          from = event.data.seq + 1
        }
        yield event.data
        if (event.data.type === 'end') return
      }
      if (!follow) return
      throw new SeamError('UNAVAILABLE', 'The stream of events ended.')
    } catch (error) {
      await tries.afterCut(error)
    }
  }
}

/** Output of a step from a byte on, through cuts of the connection, and never of two attempts. */
export async function* logStream(
  transport: Transport,
  options: ClientOptions,
  params: { readonly run: string; readonly item: string },
  input: LogsRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const tries = patience(options, signal)
  let from = input.from ?? 0
  let attempt = input.attempt
  for (;;) {
    try {
      const query = { ...input, from, attempt }
      const response = await open(transport, ROUTES.logs, { params, query, ...(signal && { signal }) })
      const told = Number(response.header(ATTEMPT_HEADER))
      if (attempt === undefined && Number.isSafeInteger(told) && told > 0) attempt = told
      for await (const chunk of response.body) {
        tries.progress()
        from += chunk.byteLength
        yield chunk
      }
      return
    } catch (error) {
      if (attempt === undefined && from !== (input.from ?? 0)) throw error
      await tries.afterCut(error)
    }
  }
}

/** The lines of a transcript, through cuts of the connection. */
export async function* transcriptStream(
  transport: Transport,
  options: ClientOptions,
  params: { readonly run: string; readonly item: string },
  input: Pick<LogsRequest, 'attempt' | 'follow'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TranscriptLine> {
  const bytes = logStream(transport, options, params, { ...input, stream: 'transcript' }, signal)
  for await (const line of jsonLines(bytes)) {
    const read = transcriptLine.safeParse(line)
    if (!read.success) throw new SeamError('INTERNAL', 'The service sent a line that is none of a transcript.')
    yield read.data
  }
}

/** Bytes that are whole or an error: a cut is never an end. */
export async function* wholeStream<Params, Query>(
  transport: Transport,
  options: ClientOptions,
  route: Route<Params, Query, never, Uint8Array>,
  input: CallInput<Params, Query, never>,
): AsyncGenerator<Uint8Array> {
  const response = await persist(() => open(transport, route, input), route.idempotent, options, input.signal)
  yield* response.body
}
