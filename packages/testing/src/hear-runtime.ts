import type { AgentEvent, DrivenEvent, Exit, Json, RuntimeAccess, RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { EXITED, PROMPTED } from './prompted.ts'

export interface HeardRuntime {
  readonly events: readonly AgentEvent[]
  readonly driven: readonly DrivenEvent[]
  /** Lines that were written, as JSON where they are; `end` among them. */
  readonly wrote: readonly unknown[]
}

export interface Hearing {
  /** Default `PROMPTED`. */
  readonly task?: RuntimeTask
  /** Default `EXITED`. */
  readonly exit?: Exit
  readonly state?: Json
  /** Size of the pieces in which the output comes. Default 65,536. */
  readonly chunkBytes?: number
}

const parsed = (line: string): unknown => (line.startsWith('{') ? JSON.parse(line) : line)

/** Has a runtime follow a program that said this and ended so; what is written to it changes nothing. */
export async function hearRuntime(
  runtime: RuntimeAdapter,
  stdout: Uint8Array,
  { task = PROMPTED, exit = EXITED, state, chunkBytes = 65_536 }: Hearing = {},
): Promise<HeardRuntime> {
  let input = ''
  const access: RuntimeAccess = {
    async *output(_stream, from) {
      for (let at = from; at < stdout.byteLength; at += chunkBytes) yield stdout.subarray(at, at + chunkBytes)
    },
    async write(bytes) {
      input += Buffer.from(bytes).toString()
    },
    exit: Promise.resolve(exit),
  }
  const driven: DrivenEvent[] = []
  for await (const told of runtime.drive(access, task, state)) driven.push(told)
  return { driven, events: driven.map(({ event }) => event), wrote: input.split('\n').slice(0, -1).map(parsed) }
}
