import type { Isolation } from '@seamark/core'
import type { WaitingReason } from '@seamark/protocol'
import { reasonWords } from '@seamark/kit'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'
import { counted, duration } from '../words.ts'
import { refusedRequestsText } from './facts.ts'
import type { ItemProgress, Phase, RunProgress } from './model.ts'

/** The sign of a phase, and its colour. */
export function sign(phase: Phase, style: Style): string {
  switch (phase) {
    case 'waiting':
      return style.dim('·')
    case 'running':
    case 'gate':
      return style.cyan('▸')
    case 'parked':
      return style.yellow('‖')
    case 'succeeded':
      return style.green('✓')
    case 'failed':
      return style.red('✗')
    case 'canceled':
    case 'skipped':
      return style.yellow('–')
  }
}

/** What an item is doing, in a few words without colours. */
export function doing(item: ItemProgress, now: number): string {
  return `${notIsolated(item)}${activity(item, now)}`
}

/** `not isolated, ` where an item runs or ran on an executor that isolates nothing; it goes first, so that no end of a line hides it. */
export function notIsolated({ isolation }: { readonly isolation: Isolation | undefined }): string {
  return isolation === 'none' ? 'not isolated, ' : ''
}

function activity(item: ItemProgress, now: number): string {
  const { phase, startedAt, endedAt = now } = item
  const time = startedAt === undefined ? '' : duration(endedAt - startedAt)
  const again = item.attempt > 1 ? `, attempt ${item.attempt}` : ''
  const requests = item.refusedRequests && refusedRequestsText(item.refusedRequests)
  const left = [item.left, item.refusedWrites, requests].map((one) => (one === undefined ? '' : `, ${one}`)).join('')
  switch (phase) {
    case 'waiting':
      return item.waits ?? 'waits'
    case 'running':
      return `running ${time}${again}`
    case 'gate':
      return `gate ${(item.gate ?? 0) + 1} ${time}${again}`
    case 'parked': {
      const { reason = '', resumeAt, startsOver = false, detail } = item.parked ?? {}
      const why = item.reason === undefined || item.reason === reason ? '' : ` after ${harmless(item.reason)}`
      return `parked: ${reason}${resumeAt === undefined ? '' : ` in ${duration(resumeAt - now)}`}${startsOver ? ', then begins a new conversation' : ''}${why}${awayText(detail)}`
    }
    case 'succeeded':
      if (item.reason === 'taken') return 'taken from the earlier run'
      return `${time}${item.files === undefined ? '' : item.files === 0 ? ', no change' : `, ${counted(item.files, 'file')} changed`}${again}${left}`
    case 'failed':
      return `failed: ${harmless(reasonWords(item.reason ?? 'unknown'))}${again}${left}`
    case 'canceled':
      return 'canceled'
    case 'skipped':
      return `skipped: ${harmless(reasonWords(item.reason ?? 'unknown'))}`
  }
}

export function waitingText(reason: WaitingReason, run: string): string {
  switch (reason.for) {
    case 'needs':
      return `waits for ${reason.items.slice(0, 4).join(', ')}${reason.items.length > 4 ? ' …' : ''}`
    case 'lock': {
      const { heldBy } = reason
      const holder =
        heldBy === undefined ? '' : ` (held by ${heldBy.run === run ? '' : `${heldBy.run} `}${heldBy.item})`
      return `waits for lock ${reason.lock}${holder}`
    }
    case 'queue':
      return `waits for a slot in queue ${reason.queue}`
    case 'setup':
      return 'waits for the setup layer'
    case 'disk':
      return 'waits for free disk'
    case 'pause':
      return `paused: seamark resume ${reason.of === 'run' ? run : '--all'} lets it go on`
    case 'parked':
      return `parked: ${reason.reason}${awayText(reason.detail)}`
  }
}

/** What an item waits for that is away. */
export function awayText(detail: string | undefined): string {
  return detail === undefined ? '' : `: ${harmless(detail)}`
}

/** `3 succeeded, 1 running, 2 waiting`. */
export function tally(run: RunProgress): string {
  const { counts } = run
  const parts: [number, string][] = [
    [counts.succeeded, 'succeeded'],
    [counts.failed, 'failed'],
    [counts.canceled, 'canceled'],
    [counts.skipped, 'skipped'],
    [counts.running + counts.gate, 'running'],
    [counts.parked, 'parked'],
    [counts.waiting, 'waiting'],
  ]
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}`)
    .join(', ')
}
