import type { ProjectionName } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** Where a page ended, as an opaque text. */
export function writeCursor(projection: ProjectionName, key: number): string {
  return Buffer.from(`1:${projection}:${key}`).toString('base64url')
}

/** Errors: `INVALID_INPUT` for a text that `writeCursor` did not make for this projection. */
export function readCursor(projection: ProjectionName, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  const key = Number(/^1:[a-z]+:(\d{1,16})$/.exec(text)?.[1])
  if (!Number.isSafeInteger(key) || writeCursor(projection, key) !== cursor)
    throw new SeamError('INVALID_INPUT', `That is not a cursor of ${projection}.`, {
      remedy: 'Use the cursor of the page before, with the same filter.',
    })
  return key
}
