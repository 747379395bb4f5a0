import { SeamError } from '@seamark/kit'
import { connect, type Socket } from 'node:net'
import { number, type Fields } from './fields.ts'
import { lineParser } from './lines.ts'
import { fromWire, helloFrom, MAX_LINE_BYTES, PROTOCOL, type Hello, type Request } from './protocol.ts'
import { socketAddress } from './socket-address.ts'

/** One open connection to a supervisor. */
export interface Connection {
  readonly hello: Hello
  readonly open: boolean
  /** The answer to one request. Errors: what the supervisor said, or `UNAVAILABLE` when the connection broke. */
  ask(request: Request, onItem?: (item: unknown) => void): Promise<unknown>
  /** A request without end: `onEnd` is called once, when the connection broke. Returns what stops it. */
  follow(cursor: string | undefined, onItem: (item: unknown) => void, onEnd: (error: SeamError) => void): () => void
  close(): void
}

interface Pending {
  item?(item: unknown): void
  done(value: unknown): void
  failed(error: SeamError): void
}

/** Connects and greets. Rejects with the system's error where nobody listens, with `UNAVAILABLE` for another version. */
export async function openConnection(folder: string, executor: string): Promise<Connection> {
  const socket = await dial(folder)
  const pending = new Map<number, Pending>()
  let last = 0
  let open = true

  const take = (line: Fields) => {
    const n = number(line, 'n')
    const asked = pending.get(n)
    if (asked === undefined) return
    if ('item' in line) return asked.item?.(line['item'])
    settle(n)
    if ('error' in line) asked.failed(fromWire(line['error']))
    else asked.done(line['value'])
  }
  const settle = (n: number) => {
    pending.delete(n)
    // An idle connection keeps no process from ending.
    if (pending.size === 0) socket.unref()
  }
  const end = (cause?: unknown) => {
    if (!open) return
    open = false
    socket.destroy()
    const error = new SeamError('UNAVAILABLE', 'The connection to the supervisor broke.', { cause })
    for (const asked of pending.values()) asked.failed(error)
    pending.clear()
  }
  const parse = lineParser(MAX_LINE_BYTES, take)
  socket.on('data', (chunk: Buffer) => {
    try {
      parse(chunk)
    } catch (error) {
      end(error)
    }
  })
  socket.on('error', end)
  socket.on('close', () => end())

  const say = (request: Request, asked: Pending): number => {
    const n = ++last
    if (!open) {
      asked.failed(new SeamError('UNAVAILABLE', 'The connection to the supervisor broke.'))
      return n
    }
    pending.set(n, asked)
    socket.ref()
    socket.write(JSON.stringify({ n, ...request }) + '\n')
    return n
  }
  const ask = (request: Request, item?: (item: unknown) => void) =>
    new Promise<unknown>((done, failed) => void say(request, { done, failed, ...(item && { item }) }))

  try {
    const hello = helloFrom(await ask({ op: 'hello', protocol: PROTOCOL, executor }))
    return {
      hello,
      get open() {
        return open
      },
      ask,
      follow(cursor, item, failed) {
        const request: Request = { op: 'follow', ...(cursor !== undefined && { cursor }) }
        const n = say(request, { item, failed, done: () => undefined })
        return () => {
          if (!pending.has(n)) return
          settle(n)
          say({ op: 'cancel', request: n }, { done: () => undefined, failed: () => undefined })
        }
      },
      close: () => end(),
    }
  } catch (error) {
    end(error)
    throw error
  }
}

function dial(folder: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const address = socketAddress(folder)
    const socket = connect(address.path)
    socket.once('error', (error) => {
      address.release()
      reject(error)
    })
    socket.once('connect', () => {
      address.release()
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
