import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningServer } from './process.ts'
import { SERVERS } from './servers.ts'
import { SOCKET_VARIABLE } from './shared.ts'

/**
 * Vitest's `globalSetup` of the services suite. The process of the run owns the servers and starts each when a test
 * file first asks for it, through a socket. Returns the teardown, which stops what was started.
 */
export async function setup(): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-services-'))
  const started = new Map<string, Promise<RunningServer>>()

  async function answer(name: string, response: ServerResponse): Promise<void> {
    const start: (() => Promise<RunningServer>) | undefined = Object.entries(SERVERS).find(([key]) => key === name)?.[1]
    if (start === undefined) return void response.writeHead(404).end(`There is no server ${name}.`)
    try {
      const running = started.get(name) ?? start()
      started.set(name, running)
      const { stop: _, ...shared } = await running
      response.end(JSON.stringify(shared))
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  }

  const owner = createServer((request, response) => void answer((request.url ?? '').slice(1), response))
  const socket = join(dir, 'socket')
  await new Promise<void>((resolve, reject) => owner.once('error', reject).listen(socket, resolve))
  process.env[SOCKET_VARIABLE] = socket
  return async () => {
    owner.close()
    owner.closeAllConnections()
    const ended = await Promise.allSettled(started.values())
    await Promise.all(ended.map(async (one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)))
    await rm(dir, { recursive: true, force: true })
  }
}
