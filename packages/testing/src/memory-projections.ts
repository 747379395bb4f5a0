import type { ProjectionFilters, ProjectionName, ProjectionRows, Projections } from '@seamark/core'
import { pageBounds, rowPage, usageFrom, usageKey } from '@seamark/journal'
import type { MemoryLog } from './memory-log.ts'

interface Kept {
  readonly key: number
  readonly text: string
}

/** One page, as `Projections.query` answers it. A page has at most 1,000 rows. */
export function queryMemory<P extends ProjectionName>(
  log: MemoryLog | undefined,
  projection: P,
  filter: ProjectionFilters[P],
  page: NonNullable<Parameters<Projections['query']>[3]>,
): { readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string } {
  const { most, after } = pageBounds(projection, page)
  if ('by' in filter) usageFrom(filter)
  const found = log === undefined ? [] : ordered(log, projection, filter)
  const start =
    after === undefined ? 0 : found.findIndex(({ key }) => (projection === 'runs' ? key < after : key > after))
  const rest = start === -1 ? [] : found.slice(start)
  // What `append` took as this type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rowPage(projection, most, rest, ({ text }) => JSON.parse(text) as ProjectionRows[P])
}

function ordered<P extends ProjectionName>(
  log: MemoryLog,
  projection: P,
  filter: ProjectionFilters[P],
): readonly Kept[] {
  const asks = (value: string | undefined, field: string | undefined): boolean => value === undefined || value === field
  if ('by' in filter)
    return [...log.usage.values()]
      .filter(({ row }) => row.by === filter.by && asks(filter.run, row.run) && usageKey(row) >= usageFrom(filter))
      .map(({ row, text }) => ({ key: usageKey(row), text }))
      .sort((a, b) => a.key - b.key)
  if (projection === 'runs')
    return [...log.runs.values()]
      .filter(({ row }) => asks(filter.run, row.run) && asks(filter.status, row.status))
      .filter(({ row }) => asks('name' in filter ? filter.name : undefined, row.name))
      .map(({ row, text }) => ({ key: row.seq, text }))
      .sort((a, b) => b.key - a.key)
  return [...(log.items.get(filter.run ?? '')?.values() ?? [])]
    .filter(({ row }) => asks('item' in filter ? filter.item : undefined, row.item) && asks(filter.status, row.status))
    .map(({ row, text }) => ({ key: row.index, text }))
    .sort((a, b) => a.key - b.key)
}
