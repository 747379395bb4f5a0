import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { SeamError, toSeamError } from '@seamark/kit'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { CHILDREN_LIMITS } from './limits.ts'
import { lineSplitter, parseMessage } from './messages.ts'

/** Of JSON-RPC: what was sent is no request. */
const INVALID_REQUEST = -32_600

/**
 * Messages of the Model Context Protocol as lines on a socket whose other end is not trusted. They are read one by one, at a
 * bounded pace, and no more while too many wait for their answers. What is no message is answered once, and the connection closed.
 */
export class SocketTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #socket: Socket
  readonly #open = new Set<string | number>()
  #freed: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
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
    if ('id' in message && !('method' in message) && message.id !== undefined) this.#open.delete(message.id)
    this.#freed?.()
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
        const { data: message } = JSONRPCMessageSchema.safeParse(parseMessage(line))
        if (message === undefined) throw new SeamError('INVALID_INPUT', 'A message is none of JSON-RPC.')
        if ('id' in message && 'method' in message) this.#open.add(message.id)
        this.onmessage?.(message)
        await pause(CHILDREN_LIMITS.paceMs)
        while (this.#open.size >= CHILDREN_LIMITS.requestsAtOnce && !this.#socket.destroyed) await this.#room()
        if (this.#socket.destroyed) return
      }
    }
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
