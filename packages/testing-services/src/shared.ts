import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { ServerName, Shared } from './servers.ts'

/** Where the run's process says which socket it listens on. */
export const SOCKET_VARIABLE = 'SEAMARK_TEST_SERVICES'

/** A server that all test files of this run share; the first to ask waits for its start. It is stopped after the run. */
export async function sharedServer<Name extends ServerName>(name: Name): Promise<Shared<Name>> {
  const socketPath = process.env[SOCKET_VARIABLE]
  if (socketPath === undefined)
    throw new Error(`Nobody shares servers here: ${name} is shared in files *.services.test.ts only.`)
  const { status, body } = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    request({ socketPath, path: `/${name}` }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject)
    })
      .once('error', reject)
      .end()
  })
  if (status !== 200) throw new Error(body)
  // From the setup of the same run.
  // oxlint-disable-next-line typescript/no-unsafe-return
  return JSON.parse(body)
}
