import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Line, Scale } from '../line.ts'
import { programFlags, serverProgram, startServer, usageOf } from '../server.ts'
import type { Server } from '../server.ts'
import { inTurn, median } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const ITEMS = 1_000
const plan = JSON.stringify({
  version: 1,
  defaults: { executor: 'process' },
  items: Array.from({ length: ITEMS }, (_, at) => ({ id: `item-${at}`, run: 'sleep 3600' })),
})
const smallest = "a Node program that writes one byte, with the program's flags"

/** A pseudo-terminal that somebody reads: says the process of the command, and a line with its first output. */
const TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
try:
    os.read(terminal, 65536)
    print("shown", flush=True)
    while os.read(terminal, 65536):
        pass
except OSError:
    pass
os.waitpid(pid, 0)
`

/** How soon a command of `seamark` says something, and what it takes to watch a service. */
export async function measure(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    const data = join(dir, 'data')
    mkdirSync(data, { mode: 0o700 })
    // What is compiled is kept there, from the first call on.
    const env = { PATH: process.env['PATH'], XDG_CACHE_HOME: join(dir, 'cache') }
    const seamark = [process.execPath, ...programFlags(), ...serverProgram().argv]
    const built = serverProgram().built
    const server = await startServer(data)
    try {
      const { run } = await server.client.submit({ plan, format: 'json' })
      const bare = () => firstByte([process.execPath, ...programFlags(), '-e', 'process.stdout.write("x")'], data, env)
      const lineOf = async (what: string, argv: readonly string[], limit: number): Promise<Line> => {
        const measured = () => firstByte([...seamark, ...argv], data, env)
        await inTurn(3, measured, bare)
        const taken = await inTurn(scale === 'quick' ? 5 : 40, measured, bare)
        return {
          what: `${what}, start to first byte`,
          measured: { value: median(taken.measured), unit: 'ms' },
          baseline: { value: median(taken.baseline), unit: 'ms' },
          against: `${smallest} (p50 of both)`,
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit }],
          note: built ? 'built' : 'from sources, which takes time that a build does not',
        }
      }
      const lines = [
        await lineOf('`seamark --help`', ['--help'], 120),
        await lineOf('`seamark status` of a running service', ['status', '--data', data], 150),
        await watchLine(server, [...seamark, 'watch', '--data', data], data, env, scale),
      ]
      await server.client.cancel(run)
      for await (const event of server.client.events(run, { follow: true })) if (event.type === 'end') break
      return lines
    } finally {
      await server.stop()
    }
  })
}

/** Milliseconds from the start of a program to the first byte of its standard output. Rejects where it fails or has none. */
function firstByte([program = '', ...argv]: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now()
  const child = spawn(program, argv, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let ms: number | undefined
  child.stdout.on('data', () => (ms ??= performance.now() - started))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 && ms !== undefined) resolve(ms)
      else reject(new Error(`${argv.join(' ')} ended with ${code}.`))
    })
  })
}

async function watchLine(
  { client }: Server,
  argv: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  scale: Scale,
): Promise<Line> {
  const what = `\`seamark watch\` of ${ITEMS.toLocaleString('en-US')} items`
  if ((await client.service()).stats.running === 0) throw new Error('Nothing runs that could be watched.')
  const child = spawn('python3', ['-c', TERMINAL, ...argv], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const pid = await new Promise<number>((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('shown')) resolve(Number.parseInt(said, 10))
    })
    void ended.then(() => reject(new Error(`${what} ended: ${said}`)))
  })
  try {
    // Its start is another line.
    await sleep(3_000)
    const ms = scale === 'quick' ? 3_000 : 20_000
    const before = usageOf(pid)
    await sleep(ms)
    const after = usageOf(pid)
    return {
      what,
      measured: { value: ((after.cpuMs - before.cpuMs) / ms) * 100, unit: '% of a core' },
      bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 3 }],
    }
  } finally {
    process.kill(pid, 'SIGINT')
    await ended
  }
}
