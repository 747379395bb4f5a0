import type { RunView } from '@seamark/protocol'
import { SeamError } from '@seamark/kit'

/** Exit code of a command that waited for a run: 0, 11 for a run that failed, 8 for one that was cancelled. */
export function exitCodeOf(status: RunView['status']): number {
  switch (status) {
    case 'succeeded':
      return 0
    case 'failed':
      return 11
    case 'canceled':
      return 8
    default:
      throw new SeamError('INTERNAL', `The run is said to be over, and ${status}.`)
  }
}
