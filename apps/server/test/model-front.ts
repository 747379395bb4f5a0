import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { listenOn } from './loopback.ts'
import { certificates } from './registry.ts'

/** One request, as a vendor's host sees it. */
export interface Seen {
  readonly host: string
  readonly method: string
  readonly path: string
  /** Whatever could authenticate it. */
  readonly credentials: readonly string[]
  readonly account: string | undefined
}

/** Hosts of vendors on loopback, at their own port and behind TLS, with a scripted model behind them. */
export interface ModelFront {
  /** Authority of their certificate, a file. */
  readonly ca: string
  /** A file to take for /etc/hosts. */
  readonly hosts: string
  readonly seen: Seen[]
  close(): Promise<void>
}

export interface ModelFrontOptions {
  readonly dir: string
  readonly names: readonly string[]
  /** An address of loopback on which nobody else listens at port 443. */
  readonly address: string
  /** The scripted model. */
  readonly url: string
  /** While the program waits for its answer. What it gives is the conversation of the request. */
  readonly asked: (body: Buffer, request: IncomingMessage) => Promise<string | undefined>
  /** What is answered at `/oauth/token`, by the parameters of the request. */
  readonly issue?: (parameters: URLSearchParams) => object
  /** Hosts that are no model's, with who answers there. */
  readonly others?: Readonly<Record<string, RequestListener>>
}

export async function modelFront(options: ModelFrontOptions): Promise<ModelFront> {
  const { dir, address, url, asked, issue, others = {} } = options
  const names = [...options.names, ...Object.keys(others)]
  certificates(dir, names)
  const hosts = join(dir, 'hosts')
  writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${names.join(' ')}\n`)
  const seen: Seen[] = []
  const tls = { key: readFileSync(join(dir, 'host.key')), cert: readFileSync(join(dir, 'host.pem')) }
  const server = createServer(tls, (req, res) => {
    const account = [req.headers['chatgpt-account-id']].flat()[0]
    const { host = '', authorization, 'x-api-key': key, cookie } = req.headers
    const credentials = [authorization, key, cookie].flatMap((value) => value ?? [])
    const other = others[host]
    if (other !== undefined) return other(req, res)
    seen.push({ host, method: req.method ?? '', path: req.url ?? '', credentials, account })
    buffer(req)
      .then(async (body) => {
        if (issue !== undefined && req.url === '/oauth/token') {
          res.setHeader('content-type', 'application/json')
          return void res.end(JSON.stringify(issue(new URLSearchParams(body.toString()))))
        }
        const conversation = await asked(body, req)
        const headers = { ...req.headers, ...(conversation && { 'x-seamark-conversation': conversation }) }
        const passed = request(`${url}${req.url}`, { method: req.method, headers }, (answer) => {
          // Whoever asked may be gone.
          if (res.destroyed) return void answer.destroy()
          res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
          // What is cut behind is cut here.
          pipeline(answer, res, () => undefined)
        })
        passed.on('error', () => res.destroy())
        passed.end(body)
      })
      .catch(() => res.destroy())
  })
  await listenOn(server, [address], 443)
  return {
    ca: join(dir, 'ca.pem'),
    hosts,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
