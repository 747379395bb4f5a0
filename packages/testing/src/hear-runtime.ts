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

/** What is told and written from the state after the event `cut` (counted round and round): a second time, and as it was at first. */
export async function hearAgain(
  hear: (more: Hearing) => Promise<HeardRuntime>,
  cut: number,
  chunkBytes: number,
): Promise<Record<'again' | 'first', Pick<HeardRuntime, 'events' | 'wrote'>>> {
  const whole = await hear({})
  const at = cut % whole.driven.length
  const state = whole.driven[at]?.state
  const { events, wrote } = await hear({ chunkBytes, ...(state !== undefined && { state }) })
  // Written is what follows from the rest of the output; what was written before is not said by the events.
  const first = { events: whole.events.slice(at + 1), wrote: whole.wrote.slice(whole.wrote.length - wrote.length) }
  return { again: { events, wrote }, first }
}
