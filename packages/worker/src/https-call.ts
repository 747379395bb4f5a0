import { SeamError } from '@seamark/kit'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as plainRequest } from 'node:http'
import type { AgentOptions } from 'node:https'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { connect } from 'node:tls'

export interface HttpsCall {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

export interface HttpsClient {
  /** The answer to a call, after redirects of a GET, of which the headers are left behind where they lead to another server. Errors: `UNAVAILABLE`, `ABORTED`. */
  call(url: string, call: HttpsCall): Promise<IncomingMessage>
  close(): void
}

const idleMs = 60_000
const maxRedirects = 5
// As git has it on Debian and its kin; elsewhere what Node.js trusts.
const systemCertificates = '/etc/ssl/certs/ca-certificates.crt'

/** HTTPS with the proxy and the certificates that git would use with these variables. */
export async function httpsClient(env: Readonly<Record<string, string>>): Promise<HttpsClient> {
  const trusted = env['GIT_SSL_CAINFO']
  const ca = await readFile(trusted ?? systemCertificates, 'utf8').catch((error: unknown) => {
    if (trusted !== undefined) throw failed('The certificates of git.env can not be read', error)
    return undefined
  })
  const options: AgentOptions = { keepAlive: true, maxSockets: 8, ...(ca !== undefined && { ca }) }
  const agent = new Agent(options)
  const proxy = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? ''
  const excepted = env['no_proxy'] ?? env['NO_PROXY'] ?? ''

  /** A connection of its own through the proxy; directly, one of a few that are used again. */
  async function connection({ hostname, port }: URL) {
    const socket = await tunnel(proxy, hostname, port === '' ? '443' : port)
    const name = isIP(hostname) === 0 ? { servername: hostname } : {}
    const secured = connect({ socket, host: hostname, ...name, ...(ca !== undefined && { ca }) })
    secured.on('close', () => socket.destroy())
    return { createConnection: () => secured }
  }

  async function once(url: URL, { method, headers, body, signal }: HttpsCall): Promise<IncomingMessage> {
    const direct = proxy === '' || isExcepted(url, excepted)
    const how = direct ? { agent } : await connection(url)
    return new Promise((resolve, reject) => {
      const asked = request(url, { method, headers, ...how, ...(signal && { signal }), timeout: idleMs }, resolve)
      asked.on('timeout', () => asked.destroy(new Error(`nothing for ${idleMs} ms`)))
      asked.on('error', (error) => {
        if (signal?.aborted === true)
          reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason }))
        else reject(failed(`${url.host} can not be reached`, error))
      }) // prettier-ignore
      asked.end(body)
    })
  }

  return {
    async call(text, call) {
      let url = new URL(text)
      let headers = call.headers
      for (let redirects = 0; ; redirects++) {
        if (url.protocol !== 'https:' || url.username !== '' || url.password !== '')
          throw failed(`${url.host} was to be asked without TLS, or with a credential in its address`)
        const answer = await once(url, { ...call, headers })
        const to = answer.headers.location
        if (call.method !== 'GET' || ![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || to === undefined)
          return answer
        answer.resume()
        if (redirects === maxRedirects || !URL.canParse(to, url.href)) throw failed(`${url.host} redirects too often`)
        const next = new URL(to, url)
        if (next.origin !== url.origin) headers = {}
        url = next
      }
    },
    close() {
      agent.destroy()
    },
  }
}

/** A way through an HTTP proxy (RFC 9110, CONNECT). */
function tunnel(proxy: string, host: string, port: string): Promise<Socket> {
  const to = URL.canParse(proxy) ? new URL(proxy) : undefined
  if (to === undefined || (to.protocol !== 'http:' && to.protocol !== 'https:'))
    return Promise.reject(failed('The proxy of git.env is no http or https URL'))
  const word = `${decodeURIComponent(to.username)}:${decodeURIComponent(to.password)}`
  const path = `${host}:${port}`
  return new Promise((resolve, reject) => {
    const asked = (to.protocol === 'http:' ? plainRequest : request)(
      { hostname: to.hostname, port: to.port || (to.protocol === 'http:' ? 80 : 443), method: 'CONNECT', path,
        headers: { host: path, ...(word !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(word).toString('base64')}` }) }, // prettier-ignore
        timeout: idleMs },
    ) // prettier-ignore
    asked.on('timeout', () => asked.destroy(new Error(`nothing for ${idleMs} ms`)))
    asked.on('error', (error) => reject(failed(`The proxy ${to.host} can not be reached`, error)))
    asked.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(failed(`The proxy ${to.host} answers ${statusCode}`))
    })
    asked.end()
  })
}

/** As curl reads `NO_PROXY`: hosts, each with all below it, and `*`. */
function isExcepted({ hostname }: URL, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .map((name) => name.replace(/^\./, '').toLowerCase())
    .some((name) => name === '*' || (name !== '' && (hostname === name || hostname.endsWith(`.${name}`))))
}

function failed(what: string, cause?: unknown): SeamError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new SeamError('UNAVAILABLE', `${what}${why}.`, { ...(cause !== undefined && { cause }) })
}
