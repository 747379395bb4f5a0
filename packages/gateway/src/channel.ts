import type { Serializable } from 'node:child_process'
import { Server } from 'node:net'
import { isErrorCode, SeamError, toSeamError } from '@seamark/kit'
import { z } from 'zod'

/** One side of a channel between two processes: `process`, or a child of this one. */
export interface Peer {
  send?(message: Serializable, handle: Server | undefined, done: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown
}

/** What the other side may ask for, by name. What it sends is checked by the handler. */
export type Handlers = Readonly<Record<string, (value: unknown, handle: Server | undefined) => Promise<unknown>>>

export interface Channel {
  /** Asks the other side. Errors: those that it answers with; `UNAVAILABLE` where it is gone. */
  readonly ask: (method: string, value: unknown, handle?: Server) => Promise<unknown>
  /** Nothing more comes: everything that waits for an answer is rejected. */
  readonly end: () => void
}

const messages = z.union([
  z.strictObject({ ask: z.int(), method: z.string(), value: z.unknown() }),
  z.strictObject({ answer: z.int(), value: z.unknown() }),
  z.strictObject({
    answer: z.int(),
    error: z.looseObject({ code: z.string(), message: z.string(), pointer: z.string().optional() }),
  }),
])

const gone = (): SeamError =>
  new SeamError('UNAVAILABLE', 'The gateway is being started anew.', { remedy: 'Try again in a moment.' })

/** Questions and answers both ways, over what Node gives two processes. */
export function channel(peer: Peer, handlers: Handlers): Channel {
  const waiting = new Map<
    number,
    { readonly done: (value: unknown) => void; readonly failed: (error: Error) => void }
  >()
  let asked = 0
  let ended = false

  function send(message: object, failed: (error: Error) => void, handle?: Server): void {
    if (ended || peer.send === undefined) return failed(gone())
    peer.send(message, handle, (error) => {
      if (error !== null) failed(gone())
    })
  }

  /** An error of this side, as far as the other one may know it. */
  function told(error: unknown): object {
    const { code, message, problems } = toSeamError(error)
    const pointer = problems[0]?.place?.pointer
    return { code, message, ...(pointer !== undefined && { pointer }) }
  }

  async function handle(method: string, value: unknown, server: Server | undefined): Promise<unknown> {
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
    if (handler === undefined) throw new SeamError('INVALID_INPUT', 'There is no such question.')
    return handler(value, server)
  }

  peer.on('message', (message, given) => {
    const read = messages.safeParse(message)
    if (!read.success) return
    const { data } = read
    if ('ask' in data) {
      // Who does not hear the answer is gone.
      const answer = (rest: object): void => send({ answer: data.ask, ...rest }, () => undefined)
      handle(data.method, data.value, given instanceof Server ? given : undefined).then(
        (value) => answer({ value }),
        (error: unknown) => answer({ error: told(error) }),
      )
      return
    }
    const one = waiting.get(data.answer)
    waiting.delete(data.answer)
    if (!('error' in data)) return one?.done(data.value)
    const { code, message: text, pointer } = data.error
    one?.failed(
      new SeamError(isErrorCode(code) ? code : 'INTERNAL', text, {
        ...(pointer !== undefined && { place: { pointer } }),
      }),
    )
  })

  return {
    ask(method, value, handle) {
      const id = ++asked
      return new Promise((done, failed) => {
        waiting.set(id, { done, failed })
        const fail = (error: Error): void => {
          waiting.delete(id)
          failed(error)
        }
        send({ ask: id, method, value }, fail, handle)
      })
    },
    end() {
      ended = true
      for (const { failed } of waiting.values()) failed(gone())
      waiting.clear()
    },
  }
}
