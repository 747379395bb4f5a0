import type { ItemView } from '@seamark/protocol'
import { spentText } from '../budget-text.ts'
import { reasonWords } from '@seamark/kit'
import { awayText, waitingText } from '../progress/say.ts'
import { questionLines } from '../question-text.ts'
import { harmless } from '../style.ts'
import { duration } from '../words.ts'

/** What an item does or waits for, and what would let it go on where that is not only time. Without colours. */
export interface Doing {
  readonly text: string
  readonly resume?: string
}

/** What an item that has not ended does. */
export function doingOf(item: ItemView, now: number): Doing {
  const { run, item: id, status, attempt, startedAt, waiting, parked } = item
  const open = item.isolation === 'none' ? 'not isolated, ' : ''
  const again = attempt > 1 ? `, attempt ${attempt}` : ''
  if (status === 'running') {
    const time = startedAt === undefined ? '' : ` ${duration(now - startedAt)}`
    return { text: `${open}running${time}${again}` }
  }
  if (status !== 'parked') return { text: waiting === undefined ? 'waits' : waitingText(waiting, run) }
  const { reason, token, resumeAt, budget, detail } = parked ?? { reason: 'pause' as const, token: '' }
  if (waiting?.for === 'parked' && waiting.question !== undefined)
    return {
      text: `asks: ${questionLines(waiting.question)[0] ?? ''}`,
      resume: `seamark answer ${id} TEXT --run ${run} --wait ${token}`,
    }
  if (budget !== undefined) {
    const [what = '', how] = spentText(budget, run, id, { token, resumeAt }).split(' To go on: ')
    return { text: what.slice(id.length + 1), ...(how !== undefined && { resume: how }) }
  }
  const why =
    item.reason === undefined || item.reason === reason
      ? ''
      : ` after ${harmless(reasonWords(item.reason, item.detail))}`
  const when = resumeAt === undefined ? '' : `, goes on in ${duration(resumeAt - now)}`
  return { text: `parked: ${reason}${when}${why}${again}${awayText(detail)}` }
}
