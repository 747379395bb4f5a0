import type { Isolation, JsonObject, RecordKind } from '@seamark/core'
import { z } from 'zod'
import { count, jsonObject, maybe } from './exact.ts'
import { isolation } from './item.ts'
import { runView } from './run.ts'
import type { RunView } from './run.ts'

/**
 * One line of `GET /v1/runs/{run}/events` and of `run --json` and `submit --follow --json`.
 *
 * - `record`: one record of the run, in the order of the log. Resume with `from` = its `seq` + 1.
 * - `ping`: nothing happened for 15 s, and the connection is alive.
 * - `end`: the run is sealed and a signed checkpoint covers the seal; the last line.
 */
export type RunEvent =
  | {
      readonly type: 'record'
      readonly seq: number
      /** Epoch milliseconds. */
      readonly at: number
      /** A kind that this version does not know may come from a newer service. */
      readonly kind: RecordKind | (string & {})
      readonly actor: string
      readonly item?: string
      readonly attempt?: number
      readonly data: JsonObject
      /** Beside the record of a launch: how strongly this deployment's executor separates it from the host. */
      readonly isolation?: Isolation
    }
  | { readonly type: 'ping'; readonly at: number }
  | { readonly type: 'end'; readonly run: RunView }

const record = z.object({
  type: z.literal('record'),
  seq: count,
  at: count,
  kind: z.string(),
  actor: z.string(),
  item: maybe(z.string()),
  attempt: maybe(count),
  data: jsonObject,
  isolation: maybe(isolation),
})
const ping = z.object({ type: z.literal('ping'), at: count })

export const runEvent: z.ZodType<RunEvent> = z.discriminatedUnion('type', [
  record,
  ping,
  z.object({ type: z.literal('end'), run: runView }),
])

/** One line of `GET /v1/events`: a record of the log, with the run that it is of where it is of one, or a ping. */
export type ServiceEvent =
  | (Extract<RunEvent, { readonly type: 'record' }> & { readonly run?: string })
  | Extract<RunEvent, { readonly type: 'ping' }>

export const serviceEvent: z.ZodType<ServiceEvent> = z.discriminatedUnion('type', [
  record.extend({ run: maybe(z.string()) }),
  ping,
])
