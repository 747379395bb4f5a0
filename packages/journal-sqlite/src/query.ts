import type { ProjectionFilters, ProjectionName, ProjectionRows } from '@seamark/core'
import { pageBounds, parseRow, rowPage, usageFrom } from '@seamark/journal'
import { hasUsage } from './migrate.ts'
import type { Sqlite } from './sqlite-port.ts'

interface Found {
  readonly key: number
  readonly crc: number
  readonly row: string
}

/**
 * One page of a projection. A page has at most 1,000 rows, whatever the limit.
 * Errors: `INVALID_INPUT` for a cursor of another projection, for a limit below 1, for a `since` that is no day; `INTEGRITY` for a damaged row.
 */
export function query<P extends ProjectionName>(
  db: Sqlite | undefined,
  path: string,
  projection: P,
  filter: ProjectionFilters[P],
  page: { readonly cursor?: string; readonly limit?: number },
): { readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string } {
  const { most, after } = pageBounds(projection, page)
  const { sql, parameters } = statement(projection, filter, after, most + 1)
  // Nothing was written to this namespace yet.
  if (db === undefined) return { rows: [] }
  if (projection === 'usage' && !hasUsage(db)) return { rows: [] }
  const found = db.prepare<(string | number)[], Found>(sql).all(...parameters)
  return rowPage(projection, most, found, ({ row, crc }) => parseRow<P>(row, crc, path))
}

function statement<P extends ProjectionName>(
  projection: P,
  filter: ProjectionFilters[P],
  after: number | undefined,
  limit: number,
): { sql: string; parameters: (string | number)[] } {
  const where: string[] = []
  const parameters: (string | number)[] = []
  const add = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return
    where.push(condition)
    parameters.push(value)
  }
  const ofRun = 'run = (SELECT id FROM run_names WHERE run = ?)'
  if ('by' in filter) {
    add('kind = ?', filter.by)
    add('at >= ?', usageFrom(filter))
    add(ofRun, filter.run)
    add('at > ?', after)
  } else if (projection === 'runs') {
    add('run = ?', filter.run)
    add('name = ?', 'name' in filter ? filter.name : undefined)
    add('seq < ?', after)
    add('status = ?', filter.status)
  } else {
    add(ofRun, filter.run)
    add('item = ?', 'item' in filter ? filter.item : undefined)
    add('at > ?', after)
    add('status = ?', filter.status)
  }
  const key = projection === 'runs' ? 'seq' : 'at'
  const order = projection === 'runs' ? 'seq DESC' : 'at ASC'
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
  return {
    sql: `SELECT ${key} AS key, crc, row FROM ${projection} ${condition} ORDER BY ${order} LIMIT ?`,
    parameters: [...parameters, limit],
  }
}
