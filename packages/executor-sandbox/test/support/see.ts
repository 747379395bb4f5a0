import type { Executor, Exit, LaunchSpec } from '@seamark/core'
import { launchId } from '@seamark/kit'
import { sleep } from '@seamark/kit'

let count = 0

/** Runs a shell script and gives what came of it. */
export async function see(
  executor: Executor,
  script: string,
  more: Partial<LaunchSpec> = {},
): Promise<{
  code: number | undefined
  reason: string
  out: string
  err: string
  detail: string | undefined
  exit: Exit
}> {
  const id = launchId('test', executor.name, String(process.pid), ++count, 'main')
  await executor.launch(id, {
    argv: ['/bin/sh', '-c', script],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    cwd: '/',
    mounts: [],
    ...more,
  })
  const [out, err] = [await read(executor, id, 'stdout'), await read(executor, id, 'stderr')]
  const state = await executor.attach(id)
  if (state.state !== 'exited') throw new Error(`the state is ${state.state}`)
  const { exit } = state
  return { code: exit.code, reason: exit.reason, out, err, detail: exit.detail, exit }
}

async function read(executor: Executor, id: string, stream: 'stdout' | 'stderr'): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of executor.output(id, stream, 0)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Waits for something to become true. */
export async function until(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(10)) if (await test()) return
  throw new Error(`never: ${what}`)
}
