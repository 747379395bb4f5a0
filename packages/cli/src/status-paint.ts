import type { ItemView, RunView } from '@seamark/protocol'
import type { Style } from './style.ts'

/** The colour of a status. */
export function statusPaint(status: RunView['status'] | ItemView['status'], style: Style): (text: string) => string {
  if (status === 'succeeded') return style.green
  if (status === 'failed') return style.red
  if (status === 'running' || status === 'waiting') return style.cyan
  return style.yellow
}
