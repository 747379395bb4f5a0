import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EgressRule, UsagePort } from '@seamark/core'
import type { AttemptEgress, EgressDecision, EgressGateway, EgressGatewayOptions } from '@seamark/gateway'
import { egressGateway, listenPrivately } from '@seamark/gateway'
import { certificateFor, type ServerCertificate } from './certificates.ts'

export const HOSTS = ['api.example', 'other.example', 'xn--bcher-kva.example'] as const

export interface Setting {
  readonly port: number
  readonly certificate: ServerCertificate
  readonly gateway: EgressGateway
  readonly decisions: EgressDecision[]
  /** What the server was asked. */
  readonly requests: { method: string; url: string; headers: readonly string[]; body: string }[]
  readonly folder: string
  open(
    rules: readonly (Omit<EgressRule, 'port'> & { readonly port?: number })[],
  ): Promise<AttemptEgress & { readonly socketPath: string }>
  /** How long the server keeps a silent connection. */
  keepFor(ms: number): void
  close(): Promise<void>
}

const text = async (req: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces).toString('latin1')
}

export type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void

/** A server with TLS behind a gateway that may reach it: names are resolved to loopback, which is granted. */
export async function setting(
  answer: Answer | { readonly raw: RequestListener } = (_, res) => void res.end('ok'),
  {
    decided,
    usage,
    ...options
  }: EgressGatewayOptions & {
    readonly decided?: (decisions: readonly EgressDecision[]) => Promise<void>
    readonly usage?: UsagePort
  } = {},
): Promise<Setting> {
  const certificate = await certificateFor(HOSTS)
  const requests: Setting['requests'] = []
  const decisions: EgressDecision[] = []
  const server: Server = createServer({ cert: certificate.cert, key: certificate.key }, (req, res) => {
    if ('raw' in answer) return answer.raw(req, res)
    text(req).then(
      (body) => {
        requests.push({ method: req.method ?? '', url: req.url ?? '', headers: req.rawHeaders, body })
        answer(req, res, body)
      },
      () => res.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const folder = await mkdtemp(join(tmpdir(), 'gw-'))
  const gateway = egressGateway({
    lookup: () => Promise.resolve(['127.0.0.1']),
    privateRanges: ['127.0.0.0/8'],
    extraCas: [certificate.ca],
    ...options,
  })
  let opened = 0
  return {
    port,
    certificate,
    gateway,
    decisions,
    requests,
    folder,
    async open(rules) {
      const launchId = `sm${++opened}`
      const socketPath = join(folder, `${opened}.sock`)
      const made = await gateway.open({
        launchId,
        listener: await listenPrivately(socketPath),
        rules: rules.map((rule) => ({ port, ...rule })),
        ...(usage && { usage }),
        decided:
          decided ??
          ((group) => {
            decisions.push(...group)
            return Promise.resolve()
          }),
      })
      return { ...made, socketPath }
    },
    keepFor: (ms) => void (server.keepAliveTimeout = ms),
    async close() {
      await gateway.close()
      const ended = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}
