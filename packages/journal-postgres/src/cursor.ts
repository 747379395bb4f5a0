import type { ProjectionName } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'

/** Where a page ended, as an opaque text. */
export function writeCursor(projection: ProjectionName, key: number): string {
  const text = `${projection}:${key}`
  // So that a text cut or changed by accident is not another place.
  return Buffer.from(`${text}:${crc32(text)}`).toString('base64url')
}

/** Errors: `INVALID_INPUT` for a text that `writeCursor` did not make for this projection. */
export function readCursor(projection: ProjectionName, cursor: string): number {
  const key = Number(/^[a-z]+:(\d{1,16}):\d+$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1])
  if (!Number.isSafeInteger(key) || writeCursor(projection, key) !== cursor)
    throw new SeamError('INVALID_INPUT', `That is not a cursor of ${projection}.`, {
      remedy: 'Use the cursor of the page before, with the same filter.',
    })
  return key
}
