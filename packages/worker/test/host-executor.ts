import type { Executor, Exit, ExecutorGuarantees, LaunchSpec, LaunchState, OutputStream } from '@seamark/core'
import { NO_LIMITS } from '@seamark/kit'
import { spawn } from 'node:child_process'

const guarantees: ExecutorGuarantees = {
  isolation: { value: 'none', proof: 'unproven' },
  network: { value: 'host', proof: 'unproven' },
  filesystem: 'host',
  tree: { value: 'best-effort', proof: 'unproven' },
  limits: NO_LIMITS,
  input: false,
  outlivesService: false,
}

export interface HostExecutor extends Executor {
  /** Launches and resolves with the end. */
  run(launchId: string, spec: LaunchSpec): Promise<Exit>
}

/** Starts plain processes and keeps their output in memory: as much of an executor as a worker needs beside it. */
export function hostExecutor(filesystem: 'host' | 'private' = 'host'): HostExecutor {
  const outputs = new Map<string, Buffer>()
  const exits = new Map<string, Exit>()
  const executor: HostExecutor = {
    spec: 'executor/v1',
    kind: 'host',
    name: 'host',
    guarantees: { ...guarantees, filesystem },
    async run(launchId, spec) {
      await executor.launch(launchId, spec)
      const exit = exits.get(launchId)
      if (exit === undefined) throw new Error('no exit')
      return exit
    },
    async launch(launchId, { argv: [program = '', ...args], env, cwd }) {
      const startedAt = Date.now()
      const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
      const streams: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] }
      child.stdout.on('data', (chunk: Buffer) => streams.stdout.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => streams.stderr.push(chunk))
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
        child.on('error', reject)
        child.on('close', (...end) => resolve(end))
      })
      const stdout = Buffer.concat(streams.stdout)
      const stderr = Buffer.concat(streams.stderr)
      outputs.set(`${launchId} stdout`, stdout)
      outputs.set(`${launchId} stderr`, stderr)
      exits.set(launchId, {
        reason: signal === null ? 'exited' : 'signaled',
        startedAt,
        endedAt: Date.now(),
        outputBytes: stdout.length + stderr.length,
        ...(code !== null && { code }),
        ...(signal !== null && { signal }),
      })
      return { outcome: 'launched' }
    },
    async attach(launchId): Promise<LaunchState> {
      const exit = exits.get(launchId)
      return exit === undefined ? { state: 'unknown' } : { state: 'exited', exit }
    },
    async *events() {},
    async *output(launchId, stream, fromByte) {
      const bytes = outputs.get(`${launchId} ${stream}`)
      if (bytes !== undefined) yield bytes.subarray(fromByte)
    },
    async kill() {},
    async *list() {},
    async reap() {},
  }
  return executor
}
