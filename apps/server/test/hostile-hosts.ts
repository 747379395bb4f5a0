import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { listenOn } from './loopback.ts'
import { certificates } from './registry.ts'
import type { Place } from './seamark.ts'

/** Where each name leads at first. `turns.example` then leads to an address that is not granted. */
const names = {
  'model.example': '127.0.0.11',
  'forge.example': '127.0.0.12',
  'open.example': '127.0.0.13',
  'xn--bcher-kva.example': '127.0.0.13',
  'turns.example': '127.0.0.14',
  'inner.example': '169.254.169.254',
}
/** Addresses that the deployment grants. */
export const GRANTED: readonly string[] = ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14']
export const NOT_GRANTED = '127.0.0.15'

/** The hosts that a hostile program may reach, and some that it may not, all of them on loopback. */
export interface HostileHosts {
  readonly port: number
  /** Their authority, and a table of names that leads to them: files. */
  readonly ca: string
  readonly table: string
  readonly seen: { readonly address: string; readonly url: string; readonly said: string }[]
  /** What was sent of an answer that nobody reads. */
  readonly sent: () => number
  /** Answers to the ordinary item, which goes on until it is told that it is enough. */
  readonly answered: () => number
  enough(): void
  stop(): Promise<void>
}

export async function hostileHosts(here: Place): Promise<HostileHosts> {
  const seen: HostileHosts['seen'] = []
  let sent = 0
  let answered = 0
  let enough = false

  const writeTable = (more: Partial<typeof names> = {}): string =>
    here.write(
      'hosts',
      Object.entries({ ...names, ...more })
        .map(([name, address]) => `${address} ${name}\n`)
        .join(''),
    )

  function sendWithoutEnd(res: ServerResponse): void {
    const piece = Buffer.alloc(65_536)
    const more = (): void => {
      while (!res.destroyed && sent < 1_000_000_000) {
        sent += piece.length
        if (!res.write(piece)) return void res.once('drain', more)
      }
    }
    more()
  }

  function answer(req: IncomingMessage, res: ServerResponse): void {
    const { url = '', rawHeaders, socket } = req
    if (url === '/beside') return void (answered++, res.end(enough ? 'enough' : 'on'))
    seen.push({ address: socket.localAddress ?? '', url, said: rawHeaders.join('\n') })
    if (url === '/first') writeTable({ 'turns.example': NOT_GRANTED })
    if (url === '/endless') return void req.resume().on('end', () => res.end('page\n'))
    if (url === '/large') return sendWithoutEnd(res)
    res.end('page\n')
  }

  certificates(here.dir, Object.keys(names))
  const read = (name: string): Buffer => readFileSync(join(here.dir, name))
  const server = createServer({ key: read('host.key'), cert: read('host.pem') }, answer)
  const port = await listenOn(server, [...GRANTED, NOT_GRANTED])
  return {
    port,
    ca: join(here.dir, 'ca.pem'),
    table: join(here.dir, writeTable()),
    seen,
    sent: () => sent,
    answered: () => answered,
    enough: () => void (enough = true),
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
