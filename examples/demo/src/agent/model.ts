import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { startModelServer } from '@seamark/testing-model'
import type { Turn } from '@seamark/testing-model'
import { certificateOf } from './certificate.ts'

/** The model that an agent is to have, as the gateway reaches it. */
export interface Model {
  readonly host: string
  readonly port: number
  /** PEM that is trusted for it; absent where the usual authorities vouch for it. */
  readonly ca?: string
  /** Whether it does as a script says. */
  readonly scripted: boolean
  /** The variable of this process that has its key. */
  readonly variable: string
  /** Errors: what the agent sent that a real endpoint would not take, and turns that were not used. */
  close(): Promise<void>
}

/** A scripted model on loopback, behind TLS, that lets in nobody without the key in this variable. */
export async function scriptedModel(turns: readonly Turn[], variable: string): Promise<Model> {
  const host = '127.0.0.1'
  const { cert, key } = await certificateOf(host)
  const server = await startModelServer({ script: { version: 1, keys: [process.env[variable] ?? ''], turns } })
  const front = createServer({ cert, key }, (req, res) => {
    const passed = request(`${server.url}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    passed.on('error', () => res.destroy())
    req.pipe(passed)
  })
  front.listen(0, host)
  await once(front, 'listening')
  const address = front.address()
  if (address === null || typeof address === 'string') throw new Error('The scripted model does not listen.')
  return {
    host,
    port: address.port,
    ca: cert,
    scripted: true,
    variable,
    async close() {
      front.closeAllConnections()
      front.close()
      await server.close()
    },
  }
}
