import type { AgentEvent, Exit, RuntimeAccess, RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LivedRuntime {
  readonly events: readonly AgentEvent[]
  readonly stdout: string
  readonly stderr: string
  readonly exit: Exit
}

/** Starts the program that a runtime prepares and drives it to its end, without a sandbox. */
export async function liveRuntime(
  runtime: RuntimeAdapter,
  task: RuntimeTask,
  timeoutMs = 60_000,
): Promise<LivedRuntime> {
  const { argv, env } = await runtime.prepare(task)
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd: task.workspaceDir, env: { ...task.env, ...env }, detached: true })
  const streams = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  const ends = { stdout: once(child.stdout, 'end'), stderr: once(child.stderr, 'end') }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => (streams[name] = Buffer.concat([streams[name], chunk])))
  let over = false
  child.stdin.on('error', () => undefined)
  // As an executor does: what a program leaves behind ends with it.
  child.once('exit', () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // Nothing was left.
    }
  })
  const exit = new Promise<Exit>((resolve) =>
    child.once('close', (code, signal) => {
      over = true
      const common = { startedAt: 0, endedAt: 1, outputBytes: 0 }
      resolve(
        code === null
          ? { ...common, reason: 'signaled', ...(signal !== null && { signal }) }
          : { ...common, reason: 'exited', code },
      )
    }),
  )
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), timeoutMs)
  const access: RuntimeAccess = {
    exit,
    async *output(stream, from) {
      let ended = false
      void ends[stream].then(() => (ended = true))
      for (let at = from; ;) {
        const last = ended
        const chunk = streams[stream].subarray(at)
        at += chunk.byteLength
        if (chunk.byteLength > 0) yield chunk
        else if (last) return
        else await sleep(20)
      }
    },
    async write(bytes) {
      if (over || !child.stdin.writable) throw new SeamError('CONFLICT', 'The launch takes no input.')
      child.stdin.write(bytes)
    },
  }
  const events: AgentEvent[] = []
  try {
    for await (const { event } of runtime.drive(access, task, undefined)) events.push(event)
    const text = (name: 'stdout' | 'stderr') => streams[name].toString()
    return { events, exit: await exit, stdout: text('stdout'), stderr: text('stderr') }
  } finally {
    clearTimeout(timer)
    child.stdin.destroy()
  }
}
