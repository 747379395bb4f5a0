import type { ProjectionFilters, ProjectionName, ProjectionRows } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'
import { nameBytes } from './changes.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Connection, Value } from './pg-port.ts'
import type { Tables } from './schema.ts'

const defaultLimit = 100
const maxLimit = 1_000

type Found = { readonly key: number; readonly crc: number; readonly body: string }

/** One page to ask for. */
export interface PageQuery {
  readonly rows: number
  readonly sql: string
  readonly values: readonly Value[]
}

/** The statement of one page. Errors: `INVALID_INPUT` for a cursor of another projection, for a limit below 1. */
export function pageQuery<P extends ProjectionName>(
  t: Tables,
  log: number,
  projection: P,
  filter: ProjectionFilters[P],
  { cursor, limit = defaultLimit }: { readonly cursor?: string; readonly limit?: number },
): PageQuery {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new SeamError('INVALID_INPUT', `${limit} is no limit of a page.`)
  const rows = Math.min(limit, maxLimit)
  const after = cursor === undefined ? undefined : readCursor(projection, cursor)
  const values: Value[] = [log]
  const where = ['log = $1']
  const add = (condition: string, value: Value | undefined): void => {
    if (value !== undefined) where.push(condition.replace('?', `$${values.push(value)}`))
  }
  const runs = projection === 'runs'
  if (runs) {
    add('run = ?', filter.run)
    if ('name' in filter && filter.name !== undefined) add('name = ?', nameBytes(filter.name))
    add('seq < ?', after)
  } else {
    add(`run = (SELECT id FROM ${t.runNames} WHERE log = $1 AND run = ?)`, filter.run)
    add('item = ?', 'item' in filter ? filter.item : undefined)
    add('at > ?', after)
  }
  add('status = ?', filter.status)
  const order = runs ? 'seq DESC' : 'at ASC'
  const sql = `SELECT ${runs ? 'seq' : 'at'} AS key, crc, body FROM ${t[projection]}
    WHERE ${where.join(' AND ')} ORDER BY ${order} LIMIT $${values.push(rows + 1)}`
  return { rows, sql, values }
}

/** Asks for one page. Errors: `INTEGRITY` for a damaged row. */
export async function askPage<P extends ProjectionName>(
  connection: Connection,
  t: Tables,
  projection: P,
  { rows, sql, values }: PageQuery,
): Promise<{ readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string }> {
  const found = await connection.query<Found>(sql, values)
  const shown = found.slice(0, rows)
  const last = shown.at(-1)
  return {
    rows: shown.map((one) => parseRow<P>(one, t.schema)),
    ...(found.length > rows && last !== undefined && { cursor: writeCursor(projection, last.key) }),
  }
}

function parseRow<P extends ProjectionName>({ crc, body }: Found, schema: string): ProjectionRows[P] {
  if (crc32(body) !== crc)
    throw new SeamError('INTEGRITY', `A row of a projection in schema ${schema} is not what was stored.`, {
      remedy: 'Stop, keep the database, and restore it from a backup.',
    })
  // What `append` took as this type, unchanged: its checksum was just compared.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(body) as ProjectionRows[P]
}
