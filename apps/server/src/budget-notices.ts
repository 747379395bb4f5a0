import { spentText, warningText } from '@seamark/cli'
import type { AnyRecord } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Engine } from '@seamark/orchestrator'

/** Tells whoever watches the service of budgets that are almost spent, and of what waits for one. */
export function tellOfBudgets(engine: Pick<Engine, 'onRecords'>, onNotice: (error: Error) => void): () => void {
  return engine.onRecords((records) => {
    for (const record of records) {
      const text = noticeOf(record)
      if (text !== undefined) onNotice(new SeamError('LIMIT_EXCEEDED', text))
    }
  })
}

function noticeOf({ kind, data, run = '', item = '' }: AnyRecord): string | undefined {
  if (kind === 'budget.warned') return `${run === '' ? 'The' : `Run ${run}, the`} ${warningText(data)}.`
  if (kind !== 'item.parked' || data.budget === undefined) return undefined
  return `Run ${run}: ${spentText(data.budget, run, item, data)}`
}
