import type { ByteRange, PutOptions, StorageGuarantees, StorageProvider, StoredObject } from '@seamark/core'
import { checkKeyPrefix, keySegments, rangeWithin, SeamError, throwIfAborted } from '@seamark/kit'
import { makeFolder } from '@seamark/kit/files'
import { createHash, hash } from 'node:crypto'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { piecesOf } from './pieces.ts'
import { fromSqlite } from './sqlite-errors.ts'

export interface SqliteStorageOptions {
  /** The file of the database; it and its folder are made at first use. */
  readonly file: string
  /** Name of this instance. Default `sqlite`. */
  readonly name?: string
}

const guarantees: StorageGuarantees = {
  // The suite shows that it survives a restart. That it survives loss of power rests on SQLite, see `durably`.
  durable: { value: true, proof: 'unproven' },
  conditionalWrite: { value: true, proof: 'tested' },
  verifiedRead: { value: true, proof: 'tested' },
  verifiedRange: { value: true, proof: 'tested' },
}

// An object without a size is on its way: nobody sees it. A number is never used twice, so no piece gets into another object.
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS object (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, size INTEGER, sha256 TEXT, storedAt INTEGER NOT NULL) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS whole ON object (key) WHERE size IS NOT NULL;
  CREATE TABLE IF NOT EXISTS piece (
    object INTEGER NOT NULL REFERENCES object ON DELETE CASCADE, start INTEGER NOT NULL, bytes BLOB NOT NULL, sha256 TEXT NOT NULL,
    UNIQUE (object, start)) STRICT;`

const abandonedAfterMs = 24 * 60 * 60 * 1000

/** All blobs in one SQLite file, which one command copies. Large bodies are kept in pieces, each with its digest. */
export function sqliteStorage({ file, name = 'sqlite' }: SqliteStorageOptions): StorageProvider {
  let opened: Promise<DatabaseSync> | undefined

  async function open(): Promise<DatabaseSync> {
    await makeFolder(dirname(file))
    const database = new DatabaseSync(file, { timeout: 10_000 })
    database.exec(schema)
    // What writers left that were killed.
    database.prepare('DELETE FROM object WHERE size IS NULL AND storedAt < ?').run(Date.now() - abandonedAfterMs)
    return database
  }

  function database(): Promise<DatabaseSync> {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  /** A connection of its own, that goes on seeing what it saw first: what replaces or deletes meanwhile changes nothing. */
  async function snapshot(): Promise<DatabaseSync> {
    await database()
    const reader = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
    reader.exec('BEGIN')
    return reader
  }

  async function put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions) {
    keySegments(key)
    throwIfAborted(options.signal)
    const writer = await database()
    const there = options.ifAbsent === true ? find(writer, key) : undefined
    if (there !== undefined) {
      if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.()
      return { ...there.object, created: false }
    }
    const { lastInsertRowid: id } = writer
      .prepare('INSERT INTO object (key, storedAt) VALUES (?, ?)')
      .run(key, Date.now())
    try {
      const { size, sha256 } = await write(writer, id, body, options)
      return publish(writer, { id, key, size, sha256, ifAbsent: options.ifAbsent === true })
    } finally {
      writer.prepare('DELETE FROM object WHERE id = ? AND size IS NULL').run(id)
    }
  }

  async function get(key: string, range: ByteRange | undefined, signal: AbortSignal | undefined) {
    keySegments(key)
    throwIfAborted(signal)
    const reader = await snapshot()
    try {
      const found = find(reader, key)
      if (found === undefined) {
        reader.close()
        return undefined
      }
      const { object } = found
      const { start, end } = rangeWithin(range, object.size)
      return { ...object, body: read(reader, found, start, end, signal) }
    } catch (error) {
      reader.close()
      throw error
    }
  }

  const acting = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      throw fromSqlite(error, `${what} in ${file}`)
    }
  }

  return {
    spec: 'storage/v1',
    kind: 'sqlite',
    name,
    guarantees,
    put: (key, body, options = {}) => acting('Storing', () => put(key, body, options)),
    get: (key, { range, signal } = {}) => acting('Reading', () => get(key, range, signal)),
    head: (key, { signal } = {}) =>
      acting('Looking', async () => {
        keySegments(key)
        throwIfAborted(signal)
        return find(await database(), key)?.object
      }),
    async *list(prefix, { signal } = {}) {
      checkKeyPrefix(prefix)
      throwIfAborted(signal)
      const reader = await acting('Listing', snapshot)
      try {
        // No character of a key is beyond this bound.
        const rows = reader
          .prepare(`${select} AND key >= ? AND key < ? ORDER BY key`)
          .iterate(prefix, `${prefix}\u007f`)
        for (const row of rows) {
          throwIfAborted(signal)
          yield objectFrom(row).object
        }
      } catch (error) {
        throw fromSqlite(error, `Listing in ${file}`)
      } finally {
        reader.close()
      }
    },
    delete: (key, { signal } = {}) =>
      acting('Deleting', async () => {
        keySegments(key)
        throwIfAborted(signal)
        const writer = await database()
        durably(writer, () => writer.prepare('DELETE FROM object WHERE key = ? AND size IS NOT NULL').run(key))
      }),
  }
}

interface Found {
  readonly id: number
  readonly object: StoredObject & { readonly sha256: string }
}

const select = 'SELECT id, key, size, sha256, storedAt FROM object WHERE size IS NOT NULL'

function objectFrom({ id, key, size, sha256, storedAt }: Readonly<Record<string, SQLOutputValue>>): Found {
  return {
    id: Number(id),
    object: { key: String(key), size: Number(size), sha256: String(sha256), storedAt: Number(storedAt) },
  }
}

function find(database: DatabaseSync, key: string): Found | undefined {
  const row = database.prepare(`${select} AND key = ?`).get(key)
  return row && objectFrom(row)
}

/** Stores a body piece by piece. None is seen, nor has to be durable, before `publish`. */
async function write(
  writer: DatabaseSync,
  id: number | bigint,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  { size, sha256, signal }: PutOptions,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const mismatch = (what: string) =>
    new SeamError('INTEGRITY', `The body is not what was announced: ${what}. Nothing was stored.`)
  const add = writer.prepare('INSERT INTO piece (object, start, bytes, sha256) VALUES (?, ?, ?, ?)')
  const whole = createHash('sha256')
  let written = 0
  for await (const piece of piecesOf(body, signal)) {
    throwIfAborted(signal)
    if (size !== undefined && written + piece.byteLength > size) throw mismatch(`more than ${size} bytes`)
    whole.update(piece)
    add.run(id, written, piece, hash('sha256', piece))
    written += piece.byteLength
  }
  const digest = whole.digest('hex')
  if (size !== undefined && written !== size) throw mismatch(`${written} bytes instead of ${size}`)
  if (sha256 !== undefined && digest !== sha256) throw mismatch(`its SHA-256 is ${digest}`)
  throwIfAborted(signal)
  return { size: written, sha256: digest }
}

/** Looks whether the key is taken, and gives it to this object. */
function publish(
  writer: DatabaseSync,
  { id, key, size, sha256, ifAbsent }: PublishedObject,
): StoredObject & { readonly created: boolean } {
  return durably(writer, () => {
    const there = ifAbsent ? find(writer, key) : undefined
    if (there !== undefined) return { ...there.object, created: false }
    writer.prepare('DELETE FROM object WHERE key = ? AND size IS NOT NULL').run(key)
    const { changes } = writer
      .prepare('UPDATE object SET size = ?, sha256 = ?, storedAt = ? WHERE id = ?')
      .run(size, sha256, Date.now(), id)
    if (changes !== 1) throw new SeamError('UNAVAILABLE', `The body of ${key} took longer than a day to arrive.`)
    return { key, size, sha256, created: true }
  })
}

/** One transaction that is on the disk when this returns, with all that was written before: the log of changes is synced as a whole. */
function durably<T>(writer: DatabaseSync, act: () => T): T {
  writer.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE')
  try {
    const result = act()
    writer.exec('COMMIT')
    return result
  } catch (error) {
    if (writer.isTransaction) writer.exec('ROLLBACK')
    throw error
  } finally {
    writer.exec('PRAGMA synchronous = NORMAL')
  }
}

interface PublishedObject {
  readonly id: number | bigint
  readonly key: string
  readonly size: number
  readonly sha256: string
  readonly ifAbsent: boolean
}

/** Yields a range, each piece only after it was checked. */
async function* read(
  reader: DatabaseSync,
  { id, object }: Found,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const damaged = (what: string) =>
    new SeamError('INTEGRITY', `The stored object ${object.key} is damaged: ${what}.`, {
      remedy: 'Restore it from a backup, or delete it and store it again.',
    })
  try {
    const whole = start === 0 && end === object.size ? createHash('sha256') : undefined
    const next = reader.prepare(
      'SELECT start, bytes, sha256 FROM piece WHERE object = ? AND start <= ? ORDER BY start DESC LIMIT 1',
    )
    for (let at = start; at < end;) {
      throwIfAborted(signal)
      const row = next.get(id, at)
      const bytes = row?.['bytes']
      if (!(bytes instanceof Uint8Array)) throw damaged(`byte ${at} is not there`)
      const from = Number(row?.['start'])
      if (from + bytes.byteLength <= at) throw damaged(`byte ${at} is not there`)
      if (hash('sha256', bytes) !== row?.['sha256']) throw damaged(`the bytes from ${from} on are not what was written`)
      whole?.update(bytes)
      yield bytes.subarray(at - from, end - from)
      at = from + bytes.byteLength
    }
    if (whole !== undefined && whole.digest('hex') !== object.sha256)
      throw damaged('its SHA-256 is not the recorded one')
  } catch (error) {
    throw fromSqlite(error, `Reading ${object.key}`)
  } finally {
    reader.close()
  }
}
