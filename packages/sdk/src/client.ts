import type { CallOptions, OutputStream, Step, TrustFile } from '@seamark/core'
import type {
  DoctorReport,
  Effective,
  ItemView,
  PlanFormat,
  RunEvent,
  RunView,
  ServiceView,
  SubmitAnswer,
} from '@seamark/protocol'

/** Where the service is: a unix socket on this machine, or an address. */
export type ClientTarget = { readonly socketPath: string } | { readonly url: string; readonly token?: string }

export type ClientOptions = ClientTarget & {
  /** Tries of an idempotent call in all. Default 4. */
  readonly attempts?: number
  /** Longest silence of the service within a call; a followed stream is never silent for longer than 15 s. Default 60,000. */
  readonly silenceMs?: number
}

export interface SubmitInput {
  /** The plan's own text, YAML or JSON, UTF-8. */
  readonly plan: string | Uint8Array
  readonly format: PlanFormat
  /** Absolute folder that a relative `workspace.git` is relative to. */
  readonly from?: string
  /** Id of the run. Without one a UUIDv7 is made here, so that a repeated call submits once. */
  readonly run?: string
}

export interface LogsInput {
  readonly stream?: OutputStream
  /** First byte wanted. Default 0. */
  readonly from?: number
  readonly follow?: boolean
  /** Default: the newest. */
  readonly attempt?: number
  /** Default `main`. */
  readonly step?: Step
}

/**
 * A client of one service. Idempotent calls are tried again with back-off; a stream that is cut
 * goes on where it was. Every error is a `SeamError` with the service's code; `UNAVAILABLE` where
 * there is no answer, `INTERNAL` where the answer is not what `/v1` says, `ABORTED` on request.
 */
export interface SeamarkClient {
  health(options?: CallOptions): Promise<{ readonly status: 'ok' }>
  service(options?: CallOptions): Promise<ServiceView>
  doctor(options?: CallOptions): Promise<DoctorReport>
  /** The trust file of this log. */
  keys(options?: CallOptions): Promise<TrustFile>
  stop(input?: { readonly cancelRunning?: boolean }, options?: CallOptions): Promise<void>
  submit(input: SubmitInput, options?: CallOptions): Promise<SubmitAnswer>
  /** All runs, newest first; pages are fetched as they are needed. */
  runs(
    filter?: { readonly status?: RunView['status']; readonly name?: string },
    options?: CallOptions,
  ): AsyncIterable<RunView>
  run(run: string, options?: CallOptions): Promise<RunView>
  /** All items of a run, in the order of the plan; pages are fetched as they are needed. */
  items(run: string, filter?: { readonly status?: ItemView['status'] }, options?: CallOptions): AsyncIterable<ItemView>
  item(run: string, item: string, options?: CallOptions): Promise<ItemView>
  /** Each record once, in order, without pings. With `follow` the last is `end`. */
  events(
    run: string,
    input?: { readonly from?: number; readonly follow?: boolean },
    options?: CallOptions,
  ): AsyncIterable<Exclude<RunEvent, { readonly type: 'ping' }>>
  logs(run: string, item: string, input?: LogsInput, options?: CallOptions): AsyncIterable<Uint8Array>
  patch(run: string, item: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** The bundle, as a tar. A stream that is cut ends with `UNAVAILABLE`: never a shorter bundle. */
  evidence(run: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** A run, or one item of it. */
  cancel(run: string, item?: string, options?: CallOptions): Promise<Effective>
  resume(run: string, item: string, token: string, options?: CallOptions): Promise<void>
  /** Closes its connections. Idempotent. */
  close(): Promise<void>
}
