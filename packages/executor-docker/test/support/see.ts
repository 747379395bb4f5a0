import type { Executor, Exit, LaunchSpec } from '@seamark/core'
import { launchId, sleep } from '@seamark/kit'

let count = 0

export function newId(executor: Executor): string {
  return launchId('test', executor.name, String(process.pid), ++count, 'main')
}

export function shell(script: string, more: Partial<LaunchSpec> = {}): LaunchSpec {
  return { argv: ['/bin/sh', '-c', script], env: { PATH: '/bin:/usr/bin' }, cwd: '/', mounts: [], ...more }
}

export async function endOf(executor: Executor, id: string): Promise<Exit> {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(20)) {
    const state = await executor.attach(id)
    if (state.state === 'exited') return state.exit
    if (state.state !== 'running') throw new Error(`the state is ${state.state}`)
  }
  throw new Error('it never ended')
}

export async function read(executor: Executor, id: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of executor.output(id, stream, 0)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Runs a shell script and gives what came of it. */
export async function see(
  executor: Executor,
  script: string,
  more: Partial<LaunchSpec> = {},
): Promise<{ readonly exit: Exit; readonly out: string; readonly err: string }> {
  const id = newId(executor)
  await executor.launch(id, shell(script, more))
  const exit = await endOf(executor, id)
  return { exit, out: await read(executor, id), err: await read(executor, id, 'stderr') }
}
