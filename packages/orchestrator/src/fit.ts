import type { Exit } from '@seamark/core'
import { LIMITS } from '@seamark/log'

// What comes from programs and other packages is made to fit a record, so that no end can be refused by the log.

export function atMost(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}

/** An end as a record may have it. A count that is none is as good as none: nothing is told of what was left then. */
export function fitExit({ detail, left, ...exit }: Exit): Exit {
  return {
    ...exit,
    ...(detail !== undefined && { detail: atMost(detail, 1_000) }),
    ...(left !== undefined &&
      Number.isSafeInteger(left.processes) &&
      left.processes >= 0 && {
        left: {
          processes: left.processes,
          names: left.names.slice(0, LIMITS.leftNames).map((name) => atMost(name, 200) || 'unnamed'),
        },
      }),
  }
}
