import { readFileSync } from 'node:fs'
import { createServer as createPlain } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'

// Started by the case of the gateway in processes of their own: the host that is called, or the least that a proxy does.

const [what = '', ...rest] = process.argv.slice(2)

function host(folder: string): void {
  const of = (name: string): Buffer => readFileSync(`${folder}/${name}`)
  const server = createServer({ key: of('host.key'), cert: of('host.pem'), keepAliveTimeout: 60_000 }, (req, res) => {
    req.resume()
    res.end('ok')
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
    process.send?.((server.address() as AddressInfo).port),
  )
}

function proxy(folder: string, port: number): void {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 4_096, ca: readFileSync(`${folder}/ca.pem`, 'utf8') })
  const server = createPlain((req, res) => {
    const { method, url: path } = req
    const asked = request({ host: '127.0.0.1', port, method, path, agent }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    asked.on('error', () => res.destroy())
    req.pipe(asked)
  })
  server.listen({ path: `${folder}/plain.sock`, backlog: 4_096 }, () => process.send?.(0))
}

const [folder = '', port = ''] = rest
if (what === 'host') host(folder)
else proxy(folder, Number(port))
process.on('disconnect', () => process.exit())
