import type { ItemRow, RunRow } from '@seamark/core'
import { meant, SeamError } from '@seamark/kit'
import type {
  ItemPage,
  ItemsQuery,
  ItemView,
  RunPage,
  RunsQuery,
  RunView,
  UsagePage,
  UsageQuery,
} from '@seamark/protocol'
import type { Deployment } from './deployment.ts'
import { isolationOf } from './isolation.ts'

export interface Questions {
  runs(query: RunsQuery): Promise<RunPage>
  run(run: string): Promise<RunView>
  items(run: string, query: ItemsQuery): Promise<ItemPage>
  item(run: string, item: string): Promise<ItemView>
  usage(query: UsageQuery): Promise<UsagePage>
}

/** Answers about runs and items, from the projections; why an item waits comes from the engine. */
export function questions(deployment: Deployment): Questions {
  const { ns, projections } = deployment

  const itemView = (row: ItemRow): ItemView => {
    const waits = row.status === 'waiting' || row.status === 'parked'
    const waiting = waits ? deployment.engine?.waiting(row.run, row.item) : undefined
    const isolation = row.attempt > 0 ? isolationOf(deployment, row.executor) : undefined
    return { ...row, ...(isolation && { isolation }), ...(waiting && { waiting }) }
  }

  return {
    async runs({ cursor, limit, status, name, since = 0, submittedBy }) {
      const filter = { ...(status !== undefined && { status }), ...(name !== undefined && { name }) }
      const page = { limit, ...(cursor !== undefined && { cursor }) }
      const { rows, cursor: next } = await projections.query(ns, 'runs', filter, page)
      // Newest first: what comes after one that is too old is older still.
      const old = rows.findIndex(({ submittedAt }) => submittedAt < since)
      const asked = rows
        .slice(0, old === -1 ? undefined : old)
        .filter((row) => submittedBy === undefined || row.submittedBy === submittedBy)
      return { runs: asked.map(runView), ...(next !== undefined && old === -1 && { cursor: next }) }
    },
    async run(run) {
      const view = runView(await runRow(deployment, run))
      const budgets = view.sealedAt === undefined ? deployment.engine?.budgets(run) : undefined
      return { ...view, ...(budgets && { budgets }) }
    },
    async items(run, { cursor, limit, status }) {
      await runRow(deployment, run)
      const filter = { run, ...(status !== undefined && { status }) }
      const page = { limit, ...(cursor !== undefined && { cursor }) }
      const { rows, cursor: next } = await projections.query(ns, 'items', filter, page)
      return { items: rows.map(itemView), ...(next !== undefined && { cursor: next }) }
    },
    async item(run, item) {
      return itemView(await itemRow(deployment, run, item))
    },
    async usage({ cursor, limit, by, since, run }) {
      if (run !== undefined && by !== 'item' && by !== 'run')
        throw new SeamError('INVALID_INPUT', `Usage by ${by} is not kept for each run.`, {
          place: { pointer: '/run' },
          remedy: 'Ask by item or by run.',
        })
      const filter = { by, ...(since !== undefined && { since }), ...(run !== undefined && { run }) }
      const page = { limit, ...(cursor !== undefined && { cursor }) }
      const { rows, cursor: next } = await projections.query(ns, 'usage', filter, page)
      return { usage: rows.map(({ index: _, ...view }) => view), ...(next !== undefined && { cursor: next }) }
    },
  }
}

/** The row of a run. Errors: `NOT_FOUND`. */
export async function runRow({ ns, projections }: Deployment, run: string): Promise<RunRow> {
  const { rows } = await projections.query(ns, 'runs', { run }, { limit: 1 })
  const [row] = rows
  if (row === undefined)
    throw new SeamError('NOT_FOUND', `There is no run ${run}.`, { remedy: 'List the runs with `seamark list`.' })
  return row
}

// Of a run with more, the first are looked through for what was meant.
const LOOKED = 1_000

/** The row of an item. Errors: `NOT_FOUND`, naming what is missing and what was probably meant. */
export async function itemRow(deployment: Deployment, run: string, item: string): Promise<ItemRow> {
  await runRow(deployment, run)
  const { ns, projections } = deployment
  const { rows } = await projections.query(ns, 'items', { run, item }, { limit: 1 })
  const [row] = rows
  if (row !== undefined) return row
  const others = await projections.query(ns, 'items', { run }, { limit: LOOKED })
  const guess = meant(
    item,
    others.rows.map((other) => other.item),
  )
  throw new SeamError('NOT_FOUND', `Run ${run} has no item ${item}.`, {
    remedy: `${guess === undefined ? '' : `Did you mean ${guess}? `}\`seamark status ${run}\` lists its items.`,
  })
}

function runView({ tail: _tail, ...view }: RunRow): RunView {
  return view
}
