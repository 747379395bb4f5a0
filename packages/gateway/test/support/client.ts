import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { tunnelTo } from './raw.ts'

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Calls a base URL of the gateway. */
export function call(
  socketPath: string,
  path: string,
  { method = 'GET', headers = {}, body }: Call = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, headers: { host: '127.0.0.1:4800', ...headers }, agent: false })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(pieces).toString('latin1'),
        }),
      )
    })
    sent.end(body)
  })
}

export function secure(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const made = connect({ socket, ...options })
    made.once('error', reject)
    made.once('secureConnect', () => resolve(made))
  })
}

/** Calls a host through CONNECT, trusting one authority. */
export async function callThrough(
  socketPath: string,
  authority: string,
  path: string,
  { ca, headers = {}, method = 'GET' }: { readonly ca: string } & Omit<Call, 'body'>,
): Promise<Got> {
  const socket = await tunnelTo(socketPath, authority)
  if (typeof socket === 'string') throw new Error(socket)
  const [servername = ''] = authority.split(':')
  const made = await secure(socket, { servername, ca })
  return new Promise((resolve, reject) => {
    const sent = requestTls({ createConnection: () => made, path, method, headers: { host: authority, ...headers } })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      let body = ''
      answer.on('data', (piece: Buffer) => (body += piece.toString('latin1')))
      answer.on('end', () => {
        made.destroy()
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
      })
    })
    sent.end()
  })
}
