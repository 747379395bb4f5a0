import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { programFlags } from './server.ts'

/** What a child process answers. */
export type ChildAnswer =
  | { readonly ok: true; readonly value: unknown; readonly peakBytes: number }
  | { readonly ok: false; readonly message: string }

/** What a measurement in a process of its own gave, and the most memory that was resident in it. */
export interface Measured<T> {
  readonly value: T
  readonly peakBytes: number
}

const program = fileURLToPath(new URL('./child-main.ts', import.meta.url))

/**
 * Calls `measure(input)` of a module in a process of its own, so that nothing measured before it has left a trace.
 * Rejects with what the child says where it fails.
 */
export function inChild<T>(module: string, input: unknown): Promise<Measured<T>> {
  return new Promise((resolve, reject) => {
    let answer: ChildAnswer | undefined
    // The options of this process hold for the child: `--conditions=source`, and `--cpu-prof` where it is asked for.
    const child = fork(program, [module], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...programFlags()],
    })
    child.on('message', (message) => {
      answer = message as ChildAnswer
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (answer?.ok === true) resolve({ value: answer.value as T, peakBytes: answer.peakBytes })
      else reject(new Error(answer?.message ?? `${module} ended with ${signal ?? code}`))
    })
    child.send({ input })
  })
}
