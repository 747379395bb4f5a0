import type { ItemView, RunView } from '@seamark/protocol'
import type { Style } from './style.ts'

type Status = RunView['status'] | ItemView['status'] | 'paused'

/** How a run stands: what is paused says so until it is cancelled. */
export function standing({ status, paused }: RunView): Status {
  return status === 'running' && paused !== undefined ? 'paused' : status
}

/** The colour of a status. */
export function statusPaint(status: Status, style: Style): (text: string) => string {
  if (status === 'succeeded') return style.green
  if (status === 'failed') return style.red
  if (status === 'running' || status === 'waiting') return style.cyan
  return style.yellow
}
