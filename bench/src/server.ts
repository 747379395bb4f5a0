import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isBuilt } from '../../scripts/built.ts'
import { packageFolders } from '../../scripts/workspace.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const built = join(root, 'apps/server/dist/main.js')

/** Which server is started: a build that is as new as all sources, otherwise the sources themselves. */
export function serverProgram(): { readonly argv: readonly string[]; readonly built: boolean } {
  if (packageFolders().every(isBuilt)) return { argv: [built], built: true }
  return { argv: ['--conditions=source', '--no-warnings', join(root, 'apps/server/src/main.ts')], built: false }
}

/** The flags that the `seamark` program starts Node with. */
export function programFlags(): readonly string[] {
  const [shebang = ''] = readFileSync(join(root, 'apps/server/src/main.ts'), 'utf8').split('\n')
  return shebang.match(/--\S+/g) ?? []
}

/** A running `seamark serve`. */
export interface Server {
  readonly client: SeamarkClient
  /** Milliseconds from its start to the first answer. */
  readonly startMs: number
  /** What the kernel says of the process. */
  usage(): { readonly residentBytes: number; readonly cpuMs: number }
  stop(): Promise<void>
}

/** Starts `seamark serve` on a data folder. Rejects where it does not get ready. */
export async function startServer(data: string): Promise<Server> {
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [...programFlags(), ...serverProgram().argv, 'serve', '--json', '--data', data],
    {
      cwd: data,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const socketPath = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (!text.includes('\n')) return
      const ready = JSON.parse(text.slice(0, text.indexOf('\n'))) as { type: string; socket: string }
      resolve(ready.socket)
    })
    void ended.then((code) => reject(new Error(`seamark serve ended with ${code}: ${said}`)))
  })
  const client = seamarkClient({ socketPath })
  await client.health()
  const startMs = performance.now() - started
  return {
    client,
    startMs,
    usage: () => usageOf(child.pid ?? 0),
    async stop() {
      await client.close()
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** What the kernel says of a process. */
export function usageOf(pid: number): { residentBytes: number; cpuMs: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
  // Nanoseconds on a processor, of each thread (Documentation/scheduler/sched-stats in the kernel's sources).
  const nanoseconds = readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((a, b) => a + b, 0)
  return { residentBytes: kilobytes * 1024, cpuMs: nanoseconds / 1e6 }
}
