import { SeamError } from '@seamark/kit'
import { createServer, type Server, type Socket } from 'node:net'
import { lineParser } from './lines.ts'
import { MAX_LINE_BYTES, PROTOCOL, requestFrom, toWire, type Answer, type Hello, type Request } from './protocol.ts'
import type { Supervision } from './supervise.ts'
import { numberOrNone, type Fields } from './fields.ts'

export interface ServeOptions {
  readonly supervision: Supervision
  readonly hello: Hello
  /** Called whenever the last connection has gone. */
  readonly onDeserted: () => void
}

/** Answers requests of services over a unix socket. Many connections, many requests at once on each. */
export function serve({ supervision, hello, onDeserted }: ServeOptions): Server & { connections(): number } {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) onDeserted()
    })
    converse(socket, supervision, hello)
  })
  return Object.assign(server, { connections: () => sockets.size })
}

function converse(socket: Socket, supervision: Supervision, hello: Hello): void {
  let executor: string | undefined
  const running = new Map<number, () => void>()
  socket.on('close', () => {
    for (const stop of running.values()) stop()
  })
  const say = (answer: Answer) => {
    if (!socket.destroyed) socket.write(JSON.stringify(answer) + '\n')
  }

  const greet = (request: Request): Hello => {
    if (request.op !== 'hello') throw new SeamError('INVALID_INPUT', 'The first request is not "hello".')
    if (request.protocol !== PROTOCOL)
      throw new SeamError(
        'UNAVAILABLE',
        `The supervisor of this data folder speaks version ${PROTOCOL} of its protocol, and this service version ${request.protocol}.`,
        {
          remedy:
            'Let its running attempts end, or cancel them with the version that started them; then it makes room.',
        },
      )
    executor = request.executor
    return hello
  }

  const answer = async (n: number, from: Fields) => {
    try {
      const request = requestFrom(from)
      if (executor === undefined) return say({ n, value: greet(request) })
      if (request.op === 'follow') {
        running.set(
          n,
          supervision.follow(executor, request.cursor, (item) => say({ n, item })),
        )
        return
      }
      if (request.op === 'cancel') {
        running.get(request.request)?.()
        running.delete(request.request)
      }
      say({ n, value: await perform(executor, request, (item) => say({ n, item })) })
    } catch (error) {
      say({ n, error: toWire(error) })
    }
  }

  const perform = async (name: string, request: Request, item: (value: unknown) => void): Promise<unknown> => {
    switch (request.op) {
      case 'launch':
        return supervision.launch(name, request.launchId, request.launch)
      case 'attach':
        return supervision.attach(name, request.launchId)
      case 'kill':
        await supervision.kill(name, request.launchId)
        return null
      case 'reap':
        await supervision.reap(name, request.launchId)
        return null
      case 'send':
        await supervision.send(name, request.launchId, Buffer.from(request.base64, 'base64'))
        return null
      case 'progress':
        return supervision.progress(name, request.launchId, request.stream, request.beyond)
      case 'list':
        for (const one of supervision.list(name)) item(one)
        return null
      case 'leftovers':
        for (const one of supervision.leftovers(name)) item(one)
        return null
      case 'cancel':
      case 'follow':
      case 'hello':
        return null
    }
  }

  const parser = lineParser(MAX_LINE_BYTES, (line) => void answer(numberOrNone(line, 'n') ?? 0, line))
  socket.on('data', (chunk: Buffer) => {
    try {
      parser(chunk)
    } catch (error) {
      say({ n: 0, error: toWire(error) })
      socket.end()
    }
  })
}
