import { request, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { SeamError, systemCode } from '@seamark/kit'
import type { Dialer } from './dial.ts'
import { authorityFrom } from './names.ts'
import type { Pinboard } from './pins.ts'
import { connectionPool } from './pool.ts'

export interface Posted {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Asks an issuer of tokens. Redirects are not followed. Errors: `UNAVAILABLE`, `TIMEOUT`, without anything that was sent. */
export type Post = (
  url: string,
  asked: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
) => Promise<Posted>

const longestAnswer = 262_144
const httpsPort = 443

const silent = (host: string, code: string | undefined): SeamError =>
  new SeamError('UNAVAILABLE', `${host}, which issues tokens, does not answer (${code ?? 'no reason given'}).`, {
    remedy: 'Try again later.',
  })

function exchange(options: RequestOptions, body: string): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const asked = request(options)
    asked.on('error', reject)
    asked.on('response', (answer) => {
      const pieces: Buffer[] = []
      let size = 0
      answer.on('data', (piece: Buffer) => {
        size += piece.length
        if (size > longestAnswer) return void answer.destroy(new Error('too long'))
        pieces.push(piece)
      })
      answer.on('error', reject)
      answer.on('close', () => reject(new Error('cut')))
      answer.on('end', () => {
        const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
          typeof value === 'string' ? [[name, value] as const] : [],
        )
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(headers),
          body: Buffer.concat(pieces).toString('utf8'),
        })
      })
    })
    asked.end(body)
  })
}

/** Leaves as requests of attempts do: to addresses that were checked, with the certificates and through the proxy of the deployment. */
export function poster(dialer: Dialer, pins: Pinboard, waitMs: number): Post {
  const pool = connectionPool(dialer, 16)
  return async (url, { headers, body, signal }) => {
    const { host, pathname, search } = new URL(url)
    const authority = authorityFrom(host, httpsPort)
    if (authority === undefined) throw silent('The host', undefined)
    const pin = await pins.pin(authority.host)
    if ('reason' in pin) throw silent(authority.host, pin.reason)
    const both = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    try {
      return await exchange(
        {
          host: pin.address,
          port: authority.port,
          servername: isIP(authority.host) === 0 ? authority.host : '',
          method: 'POST',
          path: `${pathname}${search}`,
          headers: { ...headers, host, 'content-length': String(Buffer.byteLength(body)) },
          setHost: false,
          agent: pool.fresh,
          signal: both,
        },
        body,
      )
    } catch (error) {
      pins.forget(authority.host)
      if (both.aborted) throw new SeamError('TIMEOUT', `${authority.host} took too long to issue a token.`)
      throw silent(authority.host, systemCode(error))
    }
  }
}
