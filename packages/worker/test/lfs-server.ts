import { createReadStream, existsSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'

/** What a server of Git LFS is asked, and what it does wrong. */
export interface LfsServing {
  /** Folder with repositories, whose objects are where git-lfs has them. */
  readonly root: string
  readonly asked: string[]
  /** What a request needs, where it is set. */
  token?: string
  /** Whether repositories need it too, and no answer says how objects are asked for. */
  closed?: boolean
  /** Bytes that are given in place of an object's. */
  tampered?: Buffer
  /** Whether answers break off. */
  breaks?: boolean
  /** Whether objects are at a redirect. */
  redirects?: boolean
}

/** Answers the batch API and the transfer `basic` of Git LFS for repositories below a folder. False for other requests. */
export function serveLfs(serving: LfsServing, origin: string, req: IncomingMessage, res: ServerResponse): boolean {
  const [, repository = '', rest = ''] = /^\/(.*?)\/info\/lfs\/(.*)$/.exec(req.url ?? '') ?? []
  if (rest === '') return false
  serving.asked.push(`${req.method} ${rest} ${req.headers.authorization ?? '-'}`)
  const said = (status: number, body: unknown) => {
    res.writeHead(status, { 'content-type': 'application/vnd.git-lfs+json' })
    res.end(JSON.stringify(body))
  }
  const objectAt = (oid: string) => join(serving.root, repository, 'lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid)
  if (serving.token !== undefined && req.headers.authorization !== serving.token) {
    said(401, { message: 'who?' })
    return true
  }
  if (rest === 'objects/batch') {
    let text = ''
    req.on('data', (piece) => (text += String(piece)))
    req.on('end', () => {
      const { objects } = JSON.parse(text) as { objects: { oid: string; size: number }[] }
      const header = {
        'X-Ticket': 't',
        ...(serving.token !== undefined && serving.closed !== true && { Authorization: serving.token }),
      }
      said(200, {
        transfer: 'basic',
        objects: objects.map(({ oid, size }) =>
          existsSync(objectAt(oid))
            ? {
                oid,
                size,
                actions: {
                  download: {
                    href: `${origin}/${repository}/info/lfs/${serving.redirects === true ? 'moved' : 'objects'}/${oid}`,
                    header,
                  },
                },
              }
            : { oid, size, error: { code: 404, message: 'none' } },
        ),
      })
    })
    return true
  }
  const oid = rest.slice(rest.indexOf('/') + 1)
  if (rest.startsWith('moved/')) {
    res.writeHead(302, { location: `/${repository}/info/lfs/objects/${oid}` }).end()
    return true
  }
  if (req.headers['x-ticket'] !== 't') {
    said(403, {})
    return true
  }
  if (serving.breaks === true) {
    res.writeHead(200, { 'content-length': 1_000 })
    res.write('x', () => res.destroy())
  } else if (serving.tampered !== undefined) res.end(serving.tampered)
  else {
    res.writeHead(200, { 'content-length': statSync(objectAt(oid)).size })
    createReadStream(objectAt(oid)).pipe(res)
  }
  return true
}
