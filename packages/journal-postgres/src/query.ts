import type { ProjectionFilters, ProjectionName, ProjectionRows } from '@seamark/core'
import { pageBounds, parseRow, rowPage, usageFrom } from '@seamark/journal'
import { nameBytes } from './changes.ts'
import type { Connection, Value } from './pg-port.ts'
import type { Tables } from './schema.ts'

type Found = { readonly key: number; readonly crc: number; readonly body: string }

/** One page to ask for. */
export interface PageQuery {
  readonly most: number
  readonly sql: string
  readonly values: readonly Value[]
}

/** The statement of one page. Errors: `INVALID_INPUT` for a cursor of another projection, for a limit below 1, for a `since` that is no day. */
export function pageQuery<P extends ProjectionName>(
  t: Tables,
  log: number,
  projection: P,
  filter: ProjectionFilters[P],
  page: { readonly cursor?: string; readonly limit?: number },
): PageQuery {
  const { most, after } = pageBounds(projection, page)
  const values: Value[] = [log]
  const where = ['log = $1']
  const add = (condition: string, value: Value | undefined): void => {
    if (value !== undefined) where.push(condition.replace('?', `$${values.push(value)}`))
  }
  const runs = projection === 'runs'
  if ('by' in filter) {
    add('kind = ?', filter.by)
    add('at >= ?', usageFrom(filter))
    add(`run = (SELECT id FROM ${t.runNames} WHERE log = $1 AND run = ?)`, filter.run)
    add('at > ?', after)
  } else if (runs) {
    add('run = ?', filter.run)
    if ('name' in filter && filter.name !== undefined) add('name = ?', nameBytes(filter.name))
    add('seq < ?', after)
  } else {
    add(`run = (SELECT id FROM ${t.runNames} WHERE log = $1 AND run = ?)`, filter.run)
    add('item = ?', 'item' in filter ? filter.item : undefined)
    add('at > ?', after)
  }
  if ('status' in filter) add('status = ?', filter.status)
  const order = runs ? 'seq DESC' : 'at ASC'
  const sql = `SELECT ${runs ? 'seq' : 'at'} AS key, crc, body FROM ${t[projection]}
    WHERE ${where.join(' AND ')} ORDER BY ${order} LIMIT $${values.push(most + 1)}`
  return { most, sql, values }
}

/** Asks for one page. Errors: `INTEGRITY` for a damaged row. */
export async function askPage<P extends ProjectionName>(
  connection: Connection,
  t: Tables,
  projection: P,
  { most, sql, values }: PageQuery,
): Promise<{ readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string }> {
  const found = await connection.query<Found>(sql, values)
  return rowPage(projection, most, found, ({ body, crc }) => parseRow<P>(body, crc, t.where))
}
