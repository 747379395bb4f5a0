import type {
  JournalBatch,
  ProjectionFilters,
  ProjectionName,
  ProjectionRows,
  Projections,
  RunRow,
} from '@seamark/core'
import { hasCode, SeamError } from '@seamark/kit'
import type { WritableProjections } from './projections-subject.ts'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (
  about: string,
  rejectedBy: readonly string[],
  change: (right: WritableProjections) => Partial<WritableProjections>,
) =>
  saboteur<WritableProjections>(
    about,
    rejectedBy.map((id) => `projections/${id}`),
    change,
  )

type Page = NonNullable<Parameters<Projections['query']>[3]>

/** Asks something else than what was asked. */
const asking = (
  right: WritableProjections,
  change: <P extends ProjectionName>(
    filter: ProjectionFilters[P],
    page: Page,
  ) => { readonly filter?: ProjectionFilters[P]; readonly page?: Page },
): Partial<WritableProjections> => ({
  query(ns, projection, filter, page = {}, options) {
    const changed = change<typeof projection>(filter, page)
    return right.query(ns, projection, changed.filter ?? filter, changed.page ?? page, options)
  },
})

/** Answers with other rows. */
const answering = (
  right: WritableProjections,
  change: <P extends ProjectionName>(rows: readonly ProjectionRows[P][], projection: P) => readonly ProjectionRows[P][],
): Partial<WritableProjections> => ({
  async query(ns, projection, filter, page, options) {
    const answer = await right.query(ns, projection, filter, page, options)
    return { ...answer, rows: change(answer.rows, projection) }
  },
})

const writing = (
  right: WritableProjections,
  change: (batch: JournalBatch) => JournalBatch,
): Partial<WritableProjections> => ({
  journal: {
    ...right.journal,
    append: (lease, size, batch, options) => right.journal.append(lease, size, change(batch), options),
  },
})

const without = <T extends object>(value: T, key: string): T => {
  const copy = { ...value }
  Reflect.deleteProperty(copy, key)
  return copy
}

/** Broken projections, each rejected by the cases that it names. */
export const projectionsSaboteurs: readonly Saboteur<WritableProjections>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('it always gives a cursor', ['starts-empty', 'pages'], (right) => ({
    query: async (ns, projection, filter, page, options) => ({
      cursor: 'next',
      ...(await right.query(ns, projection, filter, page, options)),
    }),
  })),
  broken('it loses an optional field', ['roundtrip'], (right) =>
    answering(right, (rows) => rows.map((row) => without(row, 'executor'))),
  ),
  broken('it never replaces a row', ['replaced-whole', 'last-change-counts'], (right) => {
    const seen = new Set<string>()
    return writing(right, (batch) => ({
      ...batch,
      changes: [...batch.changes].filter(({ projection, row }) => {
        const key = `${projection} ${'by' in row ? `${row.by} ${row.day}` : row.run} ${'index' in row ? row.index : ''}`
        return seen.has(key) ? false : seen.add(key)
      }),
    }))
  }),
  broken('it merges a row into the one before', ['replaced-whole'], (right) => {
    const before = new Map<string, RunRow>()
    const merge = (row: RunRow): RunRow => {
      const merged = { ...before.get(row.run), ...row }
      before.set(row.run, merged)
      return merged
    }
    return writing(right, (batch) => ({
      ...batch,
      changes: [...batch.changes].map((change) =>
        change.projection === 'runs' ? { projection: 'runs', row: merge(change.row) } : change,
      ),
    }))
  }),
  broken('it writes the rows of a batch that was refused', ['whole-or-nothing'], (right) => ({
    journal: {
      ...right.journal,
      async append(lease, size, batch, options) {
        try {
          await right.journal.append(lease, size, batch, options)
        } catch (error) {
          if (hasCode(error, 'INVALID_INPUT'))
            await right.journal.append(lease, size, { records: [], payloads: [], nodes: [], changes: batch.changes })
          throw error
        }
      },
    },
  })),
  broken('it answers in the opposite order', ['order', 'pages', 'many-rows'], (right) =>
    answering(right, (rows) => rows.toReversed()),
  ),
  broken('it ignores the status', ['filter-runs', 'filter-items', 'replaced-whole'], (right) =>
    asking(right, (filter) => ({ filter: without(filter, 'status') })),
  ),
  broken('it ignores the name', ['filter-runs'], (right) =>
    asking(right, (filter) => ({ filter: without(filter, 'name') })),
  ),
  broken('it ignores the item', ['filter-items'], (right) =>
    asking(right, (filter) => ({ filter: without(filter, 'item') })),
  ),
  broken('it ignores the day', ['usage-since'], (right) =>
    asking(right, (filter) => ({ filter: without(filter, 'since') })),
  ),
  broken('it takes any day', ['usage-bad-day'], (right) => ({
    async query(ns, projection, filter, page, options) {
      const { since } = { since: undefined, ...filter }
      const bad = since !== undefined && Number.isNaN(Date.parse(since))
      return right.query(ns, projection, bad ? without(filter, 'since') : filter, page, options)
    },
  })),
  broken('it gives usage of every run', ['usage-since'], (right) => ({
    query: (ns, projection, filter, page, options) =>
      right.query(ns, projection, projection === 'usage' ? without(filter, 'run') : filter, page, options),
  })),
  broken('it takes teams for principals', ['usage-kinds'], (right) =>
    writing(right, (batch) => ({
      ...batch,
      changes: [...batch.changes].map((change) =>
        change.projection === 'usage' && change.row.by === 'team'
          ? { ...change, row: { ...change.row, by: 'principal' } }
          : change,
      ),
    })),
  ),
  broken('it has no usage of agents', ['usage-kinds'], (right) =>
    answering(right, (rows) => rows.filter((row) => !('by' in row && row.by === 'agent'))),
  ),
  broken('it forgets what was charged', ['usage-roundtrip', 'usage-kinds'], (right) =>
    answering(right, (rows) => rows.map((row) => without(row, 'charged'))),
  ),
  broken('it gives usage in the opposite order', ['usage-order'], (right) =>
    answering(right, (rows, projection) => (projection === 'usage' ? rows.toReversed() : rows)),
  ),
  broken('it ignores the limit', ['pages'], (right) => asking(right, (_, page) => ({ page: without(page, 'limit') }))),
  broken('it ignores the cursor', ['pages', 'pages-are-steady'], (right) =>
    asking(right, (_, page) => ({ page: without(page, 'cursor') })),
  ),
  broken('it cuts an answer without saying that there is more', ['many-rows', 'pages'], (right) => ({
    query: async (ns, projection, filter, page, options) => ({
      rows: (await right.query(ns, projection, filter, page, options)).rows,
    }),
  })),
  broken('its cursor is a number of rows', ['pages-are-steady'], (right) => ({
    async query(ns, projection, filter, page = {}, options) {
      const skip = Number(page.cursor ?? 0)
      const limit = page.limit ?? 100
      const { rows } = await right.query(ns, projection, filter, { limit: skip + limit + 1 }, options)
      const shown = rows.slice(skip, skip + limit)
      return { rows: shown, ...(rows.length > skip + limit && { cursor: String(skip + limit) }) }
    },
  })),
  broken('it begins anew at a foreign cursor', ['foreign-cursor'], (right) => ({
    async query(ns, projection, filter, page, options) {
      try {
        return await right.query(ns, projection, filter, page, options)
      } catch (error) {
        if (!hasCode(error, 'INVALID_INPUT') || page?.cursor === undefined) throw error
        return right.query(ns, projection, filter, without(page, 'cursor'), options)
      }
    },
  })),
  broken('it takes any limit', ['bad-limit'], (right) => ({
    query: (ns, projection, filter, page = {}, options) =>
      right.query(ns, projection, filter, { ...page, limit: Math.max(1, Math.ceil(page.limit ?? 100) || 1) }, options),
  })),
  broken('it answers from one namespace', ['namespaces-apart'], (right) => ({
    query: (_, projection, filter, page, options) => right.query('one', projection, filter, page, options),
  })),
  broken('it answers only while the lease is held', ['needs-no-lease'], (right) => ({
    async query(ns, projection, filter, page, options) {
      const lease = await right.journal.acquire(ns, 'probe').catch(() => undefined)
      await lease?.release()
      if (lease !== undefined) throw new SeamError('UNAVAILABLE', 'Nobody holds the lease.')
      return right.query(ns, projection, filter, page, options)
    },
  })),
  broken('it does not look at the signal', ['aborted'], (right) => ({
    query: (ns, projection, filter, page) => right.query(ns, projection, filter, page),
  })),
  {
    about: 'it keeps nothing over a restart',
    rejectedBy: ['projections/survive'],
    break: (make) => async () => {
      const subject = await make()
      const others = [subject]
      return {
        ...subject,
        async reopen() {
          const other = await make()
          others.push(other)
          return other.seam
        },
        async dispose() {
          for (const other of others) await other.dispose()
        },
      }
    },
  },
]
