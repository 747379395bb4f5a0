import { createHmac, randomBytes } from 'node:crypto'

/**
 * A function from a value to an opaque version. The key is drawn once and kept nowhere: no guess at a value can be
 * checked against its version, and versions of two stores, or of the same one after a restart, can not be compared.
 */
export function versioner(): (ref: string, value: Uint8Array) => string {
  const key = randomBytes(32)
  return (ref, value) => createHmac('sha256', key).update(`${ref}\0`).update(value).digest('hex').slice(0, 24)
}
