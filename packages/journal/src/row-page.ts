import type { ProjectionFilters, ProjectionName, ProjectionRows, UsageRow } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'
import { damagedRow } from './damage.ts'

const defaultLimit = 100
const maxLimit = 1_000

/**
 * What a page of a projection is asked with: how many rows it has at the most, 1,000 whatever the limit, and the key of
 * the row that it comes after. Errors: `INVALID_INPUT` for a cursor of another projection, for a limit below 1.
 */
export function pageBounds(
  projection: ProjectionName,
  { cursor, limit = defaultLimit }: { readonly cursor?: string; readonly limit?: number },
): { readonly most: number; readonly after: number | undefined } {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new SeamError('INVALID_INPUT', `${limit} is no limit of a page.`)
  return { most: Math.min(limit, maxLimit), after: cursor === undefined ? undefined : readCursor(projection, cursor) }
}

/** The page, where `found` has one row more than `most` if there are more. */
export function rowPage<P extends ProjectionName, Found extends { readonly key: number }>(
  projection: P,
  most: number,
  found: readonly Found[],
  parse: (one: Found) => ProjectionRows[P],
): { readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string } {
  const shown = found.slice(0, most)
  const last = shown.at(-1)
  return {
    rows: shown.map(parse),
    ...(found.length > most && last !== undefined && { cursor: writeCursor(projection, last.key) }),
  }
}

/** A row as it was given to `append`, from its JSON and the CRC-32 of that. Errors: `INTEGRITY` for a damaged one. */
export function parseRow<P extends ProjectionName>(text: string, crc: number, where: string): ProjectionRows[P] {
  if (crc32(text) !== crc) throw damagedRow(where)
  // What `append` took as this type, unchanged: its checksum was just compared.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as ProjectionRows[P]
}

/** Where a page ended, as an opaque text. */
function writeCursor(projection: ProjectionName, key: number): string {
  const text = `${projection}:${key}`
  // So that a text cut or changed by accident is not another place.
  return Buffer.from(`${text}:${crc32(text)}`).toString('base64url')
}

function readCursor(projection: ProjectionName, cursor: string): number {
  const key = Number(/^[a-z]+:(\d{1,16}):\d+$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1])
  if (!Number.isSafeInteger(key) || writeCursor(projection, key) !== cursor)
    throw new SeamError('INVALID_INPUT', `That is not a cursor of ${projection}.`, {
      remedy: 'Use the cursor of the page before, with the same filter.',
    })
  return key
}

const DAY_MS = 86_400_000
// More rows than a day can have: an append takes longer than a day's share of it.
const ROWS_OF_A_DAY = 2 ** 32

/** The key of a row of usage among those of its kind: by day, then by index. Errors: `INVALID_INPUT` for what is no day. */
export function usageKey({ day, index }: Pick<UsageRow, 'day' | 'index'>): number {
  return dayNumber(day) * ROWS_OF_A_DAY + index
}

/** The smallest key that a filter finds. Errors: `INVALID_INPUT` for what is no day. */
export function usageFrom({ since }: ProjectionFilters['usage']): number {
  return since === undefined ? 0 : usageKey({ day: since, index: 0 })
}

function dayNumber(day: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN
  // A day that no month has would be taken for one of the next.
  if (!(at >= 0) || new Date(at).toISOString().slice(0, 10) !== day)
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(day.slice(0, 40))} is no day.`, {
      remedy: 'Write it as 2026-11-22.',
    })
  return at / DAY_MS
}
