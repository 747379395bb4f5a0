import type { Serializable } from 'node:child_process'
import { Server } from 'node:net'
import { isErrorCode, SeamError, toSeamError } from '@seamark/kit'
import { z } from 'zod'

/** One side of a channel between two processes: `process`, or a child of this one. */
export interface Peer {
  send?(message: Serializable, handle: Server | undefined, done: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown
}

/** What the other side may ask for. `undefined` where what it sends is no such question. */
export type Handler = (value: unknown, handle: Server | undefined) => Promise<unknown> | undefined

export type Handlers = Readonly<Record<string, Handler>>

/** A handler of values of one form. */
export function question<T>(
  form: z.ZodType<T>,
  answer: (value: T, handle: Server | undefined) => Promise<unknown>,
): Handler {
  return (value, handle) => {
    const read = form.safeParse(value)
    return read.success ? answer(read.data, handle) : undefined
  }
}

/**
 * A value before it is asked about. Who hears what is not of its form ends the process that said it, with the ways out of all
 * attempts, so what a program or a host has a part in is refused here instead. Errors: `INVALID_INPUT`.
 */
export function fit<T>(form: z.ZodType<T>, value: T): T {
  if (form.safeParse(value).success) return value
  throw new SeamError('INVALID_INPUT', 'That is in no form in which it can be asked about.')
}

export interface Channel {
  /** Asks the other side. Errors: those that it answers with; `UNAVAILABLE` where it is gone. */
  readonly ask: (method: string, value: unknown, handle?: Server) => Promise<unknown>
  /** Nothing more comes: everything that waits for an answer is rejected with `error`, or `UNAVAILABLE`. Idempotent. */
  readonly end: (error?: SeamError) => void
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

/**
 * Questions and answers both ways, over what Node gives two processes. What is neither is no message to leave out: one side
 * is not what the other takes it for. `broken` is called with `INTERNAL`, once, and nothing more is said or heard.
 */
export function channel(peer: Peer, handlers: Handlers, broken: (error: SeamError) => void): Channel {
  const waiting = new Map<
    number,
    { readonly done: (value: unknown) => void; readonly failed: (error: Error) => void }
  >()
  let asked = 0
  let ended = false

  function end(error = gone()): void {
    ended = true
    for (const { failed } of waiting.values()) failed(error)
    waiting.clear()
  }

  function breakOff(what: string): void {
    const error = new SeamError('INTERNAL', `The gateway and its owner do not understand each other: ${what}.`)
    end(error)
    broken(error)
  }

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

  function answer(id: number, method: string, value: unknown, handle: Server | undefined): void {
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
    const answered = handler?.(value, handle)
    if (answered === undefined) {
      handle?.close()
      return breakOff(handler === undefined ? 'there is no such question' : `that is no question to ${method}`)
    }
    // Who does not hear the answer is gone.
    const say = (rest: object): void => send({ answer: id, ...rest }, () => undefined)
    answered.then(
      (value) => say({ value }),
      (error: unknown) => say({ error: told(error) }),
    )
  }

  peer.on('message', (message, given) => {
    const handle = given instanceof Server ? given : undefined
    if (ended) return void handle?.close()
    const read = messages.safeParse(message)
    if (!read.success) return breakOff('that is neither a question nor an answer')
    const { data } = read
    if ('ask' in data) return answer(data.ask, data.method, data.value, handle)
    const one = waiting.get(data.answer)
    if (one === undefined) return breakOff('nothing was asked that this answers')
    waiting.delete(data.answer)
    if (!('error' in data)) return one.done(data.value)
    const { code, message: text, pointer } = data.error
    one.failed(
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
    end,
  }
}
