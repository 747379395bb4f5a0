import type { ExecutorEvent } from '@seamark/core'
import { hasCode, orAbort, SeamError, sleep, throwIfAborted } from '@seamark/kit'
import type { Connection } from './connection.ts'
import { fields, text } from './fields.ts'
import type { Hello, Request } from './protocol.ts'
import { reachSupervisor, type SupervisorOptions } from './start.ts'
import { stateFrom } from './state.ts'

/** A supervisor as one executor sees it: reached when it is needed, reached again when it went away. */
export interface SupervisorClient {
  hello(signal?: AbortSignal): Promise<Hello>
  /** Asks, and asks once more over a new connection where the old one broke; for requests that may be repeated. */
  ask(request: Request, signal?: AbortSignal, onItem?: (item: unknown) => void): Promise<unknown>
  /** Asks once. */
  askOnce(request: Request, signal?: AbortSignal): Promise<unknown>
  events(cursor: string | undefined, signal?: AbortSignal): AsyncIterable<ExecutorEvent>
  close(): Promise<void>
}

/** Tries over broken connections before the caller is told. */
const tries = 3

export function supervisorClient(options: SupervisorOptions, executor: string): SupervisorClient {
  let reaching: Promise<Connection> | undefined
  let closed = false

  const reach = async (): Promise<Connection> => {
    if (closed) throw new SeamError('UNAVAILABLE', `The executor "${executor}" is closed.`)
    const current = reaching
    if (current !== undefined) {
      // Why it was not reached was said to whoever asked then; now it is tried again.
      const connection = await current.catch(() => undefined)
      if (connection?.open === true) return connection
      if (closed || reaching !== current) return reach()
    }
    reaching = reachSupervisor(options, executor)
    const connection = await reaching
    if (closed) connection.close()
    return connection
  }

  const askOnce = async (request: Request, onItem?: (item: unknown) => void) => (await reach()).ask(request, onItem)

  const ask = async (request: Request, onItem?: (item: unknown) => void) => {
    for (let n = 1; ; n++) {
      const connection = await reach()
      try {
        return await connection.ask(request, onItem)
      } catch (error) {
        if (connection.open || closed || n >= tries || !hasCode(error, 'UNAVAILABLE')) throw error
      }
    }
  }

  return {
    hello: async (signal) => (await orAbort(reach(), signal)).hello,
    // Looked at before anything is sent: what was sent is done, whoever waits for the answer.
    async ask(request, signal, onItem) {
      throwIfAborted(signal)
      return orAbort(ask(request, onItem), signal)
    },
    async askOnce(request, signal) {
      throwIfAborted(signal)
      return orAbort(askOnce(request), signal)
    },
    async *events(cursor, signal) {
      let last = cursor
      for (;;) {
        throwIfAborted(signal)
        const connection = await orAbort(reach(), signal)
        for await (const event of follow(connection, last, signal)) {
          last = event.cursor
          yield event
        }
        if (closed) return
        await sleep(10, signal)
      }
    },
    async close() {
      closed = true
      // What was never reached need not be closed.
      const connection = await reaching?.catch(() => undefined)
      connection?.close()
    },
  }
}

/** Events of one connection, until it breaks. */
async function* follow(
  connection: Connection,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
): AsyncIterable<ExecutorEvent> {
  const queue: ExecutorEvent[] = []
  let ended: SeamError | undefined
  let wake: () => void = () => undefined
  const stop = connection.follow(
    cursor,
    (item) => {
      queue.push(eventFrom(item))
      wake()
    },
    (error) => {
      ended = error
      wake()
    },
  )
  try {
    for (;;) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event
      if (ended !== undefined) {
        if (connection.open) throw ended
        return
      }
      await orAbort(new Promise<void>((resolve) => (wake = resolve)), signal)
    }
  } finally {
    stop()
  }
}

function eventFrom(value: unknown): ExecutorEvent {
  const from = fields(value, 'event')
  return { cursor: text(from, 'cursor'), launchId: text(from, 'launchId'), state: stateFrom(from['state']) }
}
