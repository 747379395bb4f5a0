import type { OutputStream, Step } from '@seamark/core'
import type { ItemView } from './item.ts'
import type { RunView } from './run.ts'
import type { UsageView } from './usage.ts'

export interface RunParams {
  readonly run: string
}
export interface ItemParams extends RunParams {
  readonly item: string
}

export interface SubmitQuery {
  /** Id of the run, for an idempotent submit; otherwise the service makes a UUIDv7. */
  readonly run?: string
  /** Absolute folder of the submitter, that a relative `workspace.git` is relative to. */
  readonly from?: string
}
export interface DoctorQuery {
  /** Re-read all that is stored; false where absent. */
  readonly deep: boolean
}
export interface ExecutorParams {
  readonly executor: string
}
export interface PageQuery {
  readonly cursor?: string
  /** 1 to 1,000; 100 where absent. */
  readonly limit: number
}
export interface RunsQuery extends PageQuery {
  readonly status?: RunView['status']
  readonly name?: string
  /** Epoch milliseconds: the list ends with the first run that was submitted before. */
  readonly since?: number
  /** Principal that submitted it. A page may then have fewer runs than its limit, or none, and a cursor. */
  readonly submittedBy?: string
}
export interface ItemsQuery extends PageQuery {
  readonly status?: ItemView['status']
}
export interface EventsQuery {
  /** First `seq` wanted; 0 where absent. */
  readonly from: number
  /** Go on, until the seal where it is of a run; otherwise the stream ends with the newest record. */
  readonly follow: boolean
}
export interface LogsQuery {
  readonly stream: OutputStream | 'transcript'
  /** First byte wanted; 0 where absent. */
  readonly from: number
  /** Go on until the step has ended; otherwise the stream ends with the newest byte. */
  readonly follow: boolean
  /** The newest where absent. */
  readonly attempt?: number
  readonly step: Step
  /** Name of a service: what it wrote to both streams, in the place of `stream`. */
  readonly service?: string
}
export interface Effective {
  /** False where there was nothing left to stop, to pause or to resume. */
  readonly effective: boolean
}
export interface ResumeBody {
  readonly token: string
}
/** The question of which wait is answered, and how. */
export interface AnswerBody {
  /** Of the wait, as the view of the item has it. */
  readonly token: string
  /** 1 to 20,000 characters. */
  readonly text: string
}
/** Which wait is approved, and by how much budgets are raised. */
export interface ApproveBody {
  /** Of the wait, as the view of the item has it. */
  readonly token: string
  /** US dollars, at most nine digits after the point. */
  readonly usd?: number
  readonly tokens?: number
}
export interface UsageQuery extends PageQuery {
  readonly by: UsageView['by']
  /** The first day wanted, such as `2026-11-22` (UTC). */
  readonly since?: string
  /** Only of this run, by `item` or `run`. */
  readonly run?: string
}
export interface DrainBody {
  /** For how long it waits until nothing runs. Without it, without end. */
  readonly timeoutMs?: number
}
export interface StopBody {
  /** Ask every run to cancel first, and wait until nothing runs. */
  readonly cancelRunning?: boolean
}
