import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { listenOn } from './loopback.ts'

const vectors = join(import.meta.dirname, '../../../packages/metering/test/vectors')
const answers: Readonly<Record<string, Buffer>> = {
  '/v1/messages': readFileSync(join(vectors, 'anthropic-stream.body')),
  '/v1/chat/completions': readFileSync(join(vectors, 'openai-chat-stream.body')),
}

/** A host that speaks the APIs of models, with answers that were recorded. */
export interface ModelHost {
  readonly port: number
  /** Its authority, in PEM. */
  readonly ca: string
  /** Bodies that it was sent, by the query of their requests. */
  readonly asked: Map<string, string[]>
  close(): Promise<void>
}

/** Answers in small pieces, each a moment after the one before. `?cut` ends in the middle, `?hang` stays there. */
async function stream(res: ServerResponse, bytes: Buffer, query: string): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const end = query === '?cut' || query === '?hang' ? bytes.length / 2 : bytes.length
  for (let at = 0; at < end; at += 97) {
    res.write(bytes.subarray(at, Math.min(end, at + 97)))
    await new Promise((done) => setImmediate(done))
  }
  if (query === '?cut') res.destroy()
  else if (query !== '?hang') res.end()
}

export async function modelHost(dir: string): Promise<ModelHost> {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host')
  writeFileSync(join(dir, 'ext'), 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2\n')
  openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
  const asked: ModelHost['asked'] = new Map()
  const read = (name: string) => readFileSync(join(dir, name))
  const server = createServer({ key: read('host.key'), cert: read('host.pem') }, (req, res) => {
    const { pathname, search } = new URL(req.url ?? '', 'https://host')
    const answer = answers[pathname]
    text(req)
      .then(async (body) => {
        asked.set(search, [...(asked.get(search) ?? []), body])
        if (answer === undefined) return void res.writeHead(404).end()
        await stream(res, answer, search)
      })
      .catch(() => res.destroy())
  })
  return {
    port: await listenOn(server, ['127.0.0.1', '127.0.0.2']),
    ca: read('ca.pem').toString(),
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
