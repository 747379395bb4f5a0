import type { ProjectionFilters, ProjectionName, ProjectionRows, Projections } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'
import type { MemoryLog } from './memory-log.ts'

const defaultLimit = 100
const maxLimit = 1_000

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
  const { cursor, limit = defaultLimit } = page
  if (!Number.isSafeInteger(limit) || limit < 1) throw new SeamError('INVALID_INPUT', `${limit} is no limit of a page.`)
  const after = cursor === undefined ? undefined : readCursor(projection, cursor)
  const found = log === undefined ? [] : ordered(log, projection, filter)
  const start =
    after === undefined ? 0 : found.findIndex(({ key }) => (projection === 'runs' ? key < after : key > after))
  const rest = start === -1 ? [] : found.slice(start)
  const shown = rest.slice(0, Math.min(limit, maxLimit))
  const last = shown.at(-1)
  return {
    // What `append` took as this type.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    rows: shown.map(({ text }) => JSON.parse(text) as ProjectionRows[P]),
    ...(rest.length > shown.length && last !== undefined && { cursor: writeCursor(projection, last.key) }),
  }
}

function ordered(
  log: MemoryLog,
  projection: ProjectionName,
  filter: ProjectionFilters['runs'] | ProjectionFilters['items'],
): readonly Kept[] {
  const asks = (value: string | undefined, field: string | undefined): boolean => value === undefined || value === field
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

function writeCursor(projection: ProjectionName, key: number): string {
  const text = `${projection}:${key}`
  // So that a text cut or changed by accident is not another place.
  return Buffer.from(`${text}:${crc32(text)}`).toString('base64url')
}

function readCursor(projection: ProjectionName, cursor: string): number {
  const key = Number(/^[a-z]+:(\d{1,16}):\d+$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1])
  if (!Number.isSafeInteger(key) || writeCursor(projection, key) !== cursor)
    throw new SeamError('INVALID_INPUT', `That is not a cursor of ${projection}.`)
  return key
}
