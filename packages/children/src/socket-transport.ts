import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { SeamError, toSeamError } from '@seamark/kit'
import type { Socket } from 'node:net'
import { CHILDREN_LIMITS } from './limits.ts'
import { lineSplitter, parseMessage } from './messages.ts'
import type { Pace } from './pace.ts'

/** Of JSON-RPC: what was sent is no request. */
const INVALID_REQUEST = -32_600
const CANCELLED = 'notifications/cancelled'

/**
 * Messages of the Model Context Protocol as lines on a socket whose other end is not trusted. They are read one by one, at a
 * bounded pace, and no more while too many wait for their answers. What is no message is answered once, and the connection closed.
 */
export class SocketTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #socket: Socket
  readonly #pace: Pace
  readonly #open = new Set<string | number>()
  #freed: (() => void) | undefined

  constructor(socket: Socket, pace: Pace) {
    this.#socket = socket
    this.#pace = pace
  }

  async start(): Promise<void> {
    this.#socket.on('error', (error) => this.onerror?.(error))
    this.#socket.on('close', () => {
      this.#freed?.()
      this.onclose?.()
    })
    void this.#read().catch((error: unknown) => this.#refuse(toSeamError(error)))
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if ('id' in message && !('method' in message) && message.id !== undefined) this.#end(message.id)
    if (this.#socket.writableLength > CHILDREN_LIMITS.unreadBytes) this.#socket.destroy()
    else if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    this.#socket.destroy()
  }

  async #read(): Promise<void> {
    const split = lineSplitter()
    // One piece at a time: what is not read stays with whoever sent it.
    for await (const piece of this.#socket.iterator({ destroyOnReturn: false })) {
      for (const line of split(asBytes(piece))) {
        await this.#pace(Buffer.byteLength(line), () => this.#socket.destroyed)
        if (this.#socket.destroyed) return
        const { data: message } = JSONRPCMessageSchema.safeParse(parseMessage(line))
        if (message === undefined) throw new SeamError('INVALID_INPUT', 'A message is none of JSON-RPC.')
        if ('id' in message && 'method' in message) this.#begin(message.id)
        this.onmessage?.(message)
        // What was taken back has no answer.
        if ('method' in message && !('id' in message) && message.method === CANCELLED)
          this.#end(message.params?.['requestId'])
        while (this.#open.size >= CHILDREN_LIMITS.requestsAtOnce && !this.#socket.destroyed) await this.#room()
        if (this.#socket.destroyed) return
      }
    }
  }

  #begin(id: string | number): void {
    // Answers are told apart by it; two under one would count as one.
    if (this.#open.has(id)) throw new SeamError('CONFLICT', 'A request has the id of one that has no answer yet.')
    this.#open.add(id)
  }

  #end(id: unknown): void {
    if (typeof id === 'string' || typeof id === 'number') this.#open.delete(id)
    this.#freed?.()
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#freed = resolve
    })
  }

  #refuse({ code, message }: SeamError): void {
    if (!this.#socket.writable) return void this.#socket.destroy()
    const error = { code: INVALID_REQUEST, message, data: { code } }
    this.#socket.end(`${JSON.stringify({ jsonrpc: '2.0', id: null, error })}\n`, () => this.#socket.destroy())
  }
}

function asBytes(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  throw new TypeError('A socket gives bytes.')
}
