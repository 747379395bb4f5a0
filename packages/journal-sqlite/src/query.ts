import type { ProjectionFilters, ProjectionName, ProjectionRows } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'
import { readCursor, writeCursor } from './cursor.ts'
import type { Sqlite } from './sqlite-port.ts'

const defaultLimit = 100
const maxLimit = 1_000

interface Found {
  readonly key: number
  readonly crc: number
  readonly row: string
}

/**
 * One page of a projection. A page has at most 1,000 rows, whatever the limit.
 * Errors: `INVALID_INPUT` for a cursor of another projection, for a limit below 1, `INTEGRITY` for a damaged row.
 */
export function query<P extends ProjectionName>(
  db: Sqlite | undefined,
  path: string,
  projection: P,
  filter: ProjectionFilters[P],
  page: { readonly cursor?: string; readonly limit?: number },
): { readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string } {
  const { cursor, limit = defaultLimit } = page
  if (!Number.isSafeInteger(limit) || limit < 1) throw new SeamError('INVALID_INPUT', `${limit} is no limit of a page.`)
  const rows = Math.min(limit, maxLimit)
  const after = cursor === undefined ? undefined : readCursor(projection, cursor)
  // Nothing was written to this namespace yet.
  if (db === undefined) return { rows: [] }
  const { sql, parameters } = statement(projection, filter, after, rows + 1)
  const found = db.prepare<(string | number)[], Found>(sql).all(...parameters)
  const shown = found.slice(0, rows)
  const last = shown.at(-1)
  return {
    rows: shown.map((one) => parseRow<P>(one, path)),
    ...(found.length > rows && last !== undefined && { cursor: writeCursor(projection, last.key) }),
  }
}

function statement(
  projection: ProjectionName,
  filter: ProjectionFilters[ProjectionName],
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
  if (projection === 'runs') {
    add('run = ?', filter.run)
    add('name = ?', 'name' in filter ? filter.name : undefined)
    add('seq < ?', after)
  } else {
    add('run = (SELECT id FROM run_names WHERE run = ?)', filter.run)
    add('item = ?', 'item' in filter ? filter.item : undefined)
    add('at > ?', after)
  }
  add('status = ?', filter.status)
  const key = projection === 'runs' ? 'seq' : 'at'
  const order = projection === 'runs' ? 'seq DESC' : 'at ASC'
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
  return {
    sql: `SELECT ${key} AS key, crc, row FROM ${projection} ${condition} ORDER BY ${order} LIMIT ?`,
    parameters: [...parameters, limit],
  }
}

function parseRow<P extends ProjectionName>({ crc, row }: Found, path: string): ProjectionRows[P] {
  if (crc32(row) !== crc)
    throw new SeamError('INTEGRITY', `A row of a projection in ${path} is not what was stored.`, {
      remedy: 'Stop, keep the files, and restore from a backup.',
    })
  // What `append` took as this type, unchanged: its checksum was just compared.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(row) as ProjectionRows[P]
}
