/**
 * Paths as git and the kernel have them: bytes. Inside this package a path relative to a tree is a
 * `BytePath`, a string with one character per byte, so that it can be compared and be a key.
 *
 * @module
 */
import type { ChangedFile } from '@seamark/core'

export type BytePath = string

export function bytePath(text: string): BytePath {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Of a changed file, as products tell it. */
export function pathOfChange({ path, encoding }: ChangedFile): BytePath {
  return encoding === 'base64' ? Buffer.from(path, 'base64').toString('latin1') : bytePath(path)
}

export function bytesOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1')
}

/** An absolute path below a folder, for calls into the file system. */
export function below(dir: string, path: BytePath): Buffer {
  return path === '' ? Buffer.from(dir, 'utf8') : Buffer.concat([Buffer.from(dir + '/', 'utf8'), bytesOf(path)])
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The path as text, or `undefined` where it is not UTF-8. */
export function asText(path: BytePath): string | undefined {
  try {
    return strict.decode(bytesOf(path))
  } catch {
    // Decoding fails for one reason only.
    return undefined
  }
}

/** For messages: quoted, with everything that is not printable ASCII escaped. */
export function shown(path: BytePath): string {
  const clipped = path.length > 300 ? path.slice(0, 300) + '…' : path
  return `"${clipped.replace(/[^\x20-\x7e]|["\\]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

/** NUL-separated paths, as git's `-z` options write and read them. */
export function splitNul(bytes: Buffer): BytePath[] {
  if (bytes.length === 0) return []
  const text = bytes.toString('latin1')
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0')
}

export function joinNul(paths: Iterable<BytePath>): Buffer {
  return Buffer.from([...paths].map((path) => path + '\0').join(''), 'latin1')
}

/** A relative path that stays below its root: the plan's and the product's form of a path. */
export function isContained(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !path.includes('\0') &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  )
}
