import { createHash, randomBytes } from 'node:crypto'
import { memoryStorage } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEADER_BYTES, PIECE_BYTES, storedSize } from '../src/blob-format.ts'
import { encryptedStorage } from '../src/index.ts'
import { code, freshKeys, keysOf, readAll, sharedKeys } from './support.ts'

const shared = await sharedKeys()
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** An encrypted storage whose stored bytes can be seen and exchanged, without the storage below noticing. */
function onMemory(keys = shared) {
  const objects = new Map<string, { bytes: Uint8Array; readonly sha256: string }>()
  const stored = (key: string) => Buffer.from(objects.get(key)?.bytes ?? expect.fail(`${key} is not there`))
  return {
    storage: encryptedStorage(memoryStorage({ objects }), { keys }),
    stored,
    exchange: (key: string, bytes: Uint8Array) => objects.set(key, { bytes, sha256: sha256(bytes) }),
  }
}

describe('an encrypted storage', () => {
  it('stores nothing that was given, twice the same or elsewhere', async () => {
    const { storage, stored } = onMemory()
    const body = Buffer.from('a secret that is to be found nowhere'.repeat(5_000))
    await storage.put('ns/a', body)
    await storage.put('ns/b', body)
    for (const key of ['ns/a', 'ns/b']) {
      expect(stored(key).length).toBe(storedSize(body.length))
      expect(stored(key).includes('secret')).toBe(false)
    }
    expect(stored('ns/a').subarray(-1000).equals(stored('ns/b').subarray(-1000))).toBe(false)
    expect(storage.kind).toBe('encrypted.memory')
  })

  it('has what the storage below has, as it becomes known, and no addresses', () => {
    let durable = false
    const inner = {
      ...memoryStorage(),
      get guarantees() {
        return { ...memoryStorage().guarantees, durable: { value: durable, proof: 'probed' as const } }
      },
      presign: async () => ({ url: 'https://example.invalid/', headers: {} }),
      probe: () => 'probed',
    }
    const storage = encryptedStorage(inner, { keys: shared })
    expect('presign' in storage).toBe(false)
    expect(storage.probe()).toBe('probed')
    durable = true
    expect(storage.guarantees.durable.value).toBe(true)
  })

  it('gives back any body and any range of it, whatever its chunks', async () => {
    const { storage } = onMemory()
    const edge = (count: number) =>
      fc.integer({ min: -2, max: 2 }).map((more) => Math.max(0, count * PIECE_BYTES + more))
    const size = fc.oneof(fc.nat(500), edge(1), edge(2), edge(3))
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.integer({ min: 1, max: 100_000 }),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        async (length, chunk, a, b, known) => {
          const body = randomBytes(length)
          const chunks = async function* () {
            for (let at = 0; at < length; at += chunk) yield body.subarray(at, at + chunk)
          }
          const put = await storage.put('ns/x', chunks(), known ? { size: length, sha256: sha256(body) } : {})
          expect(put).toEqual({ key: 'ns/x', size: length, sha256: sha256(body), created: true })
          expect((await storage.head('ns/x'))?.size).toBe(length)
          expect((await readAll(storage, 'ns/x'))?.equals(body)).toBe(true)
          const [start, end] = [a % (length + 1), b % (length + 1)].sort((one, two) => one - two)
          const part = await readAll(storage, 'ns/x', { start: start ?? 0, ...(end !== undefined && { end }) })
          expect(part?.equals(body.subarray(start, end))).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds every changed byte, wherever it is', async () => {
    const { storage, stored, exchange } = onMemory()
    const body = randomBytes(2 * PIECE_BYTES + 100)
    await storage.put('ns/a', body)
    const right = stored('ns/a')
    const places = fc.oneof(fc.nat(HEADER_BYTES - 1), fc.nat(right.length - 1))
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const wrong = Buffer.from(right)
        wrong[at] = (wrong[at] ?? 0) ^ change
        exchange('ns/a', wrong)
        await expect(readAll(storage, 'ns/a')).rejects.toEqual(code('INTEGRITY'))
      }),
      { numRuns: 80 },
    )
  })

  it('finds what was cut, lengthened, exchanged, moved or never encrypted', async () => {
    const { storage, stored, exchange } = onMemory()
    const pieces = (bytes: Buffer) => {
      const piece = PIECE_BYTES + 16
      return [0, 1, 2].map((index) => bytes.subarray(HEADER_BYTES + index * piece, HEADER_BYTES + (index + 1) * piece))
    }
    await storage.put('ns/a', randomBytes(3 * PIECE_BYTES))
    await storage.put('ns/b', randomBytes(3 * PIECE_BYTES))
    await storage.put('other/a', randomBytes(3 * PIECE_BYTES))
    const [a, b] = [stored('ns/a'), stored('ns/b')]
    const header = a.subarray(0, HEADER_BYTES)
    const [first = a, second = a, third = a] = pieces(a)
    const wrong: Readonly<Record<string, Buffer>> = {
      nothing: Buffer.alloc(0),
      'less than a header': a.subarray(0, 100),
      'the header alone': header,
      'the last byte gone': a.subarray(0, -1),
      'the last piece gone': a.subarray(0, -third.length),
      'all but the first piece gone': Buffer.concat([header, first]),
      'a byte more': Buffer.concat([a, Buffer.of(0)]),
      'a piece twice': Buffer.concat([header, first, first, third]),
      'pieces exchanged': Buffer.concat([header, second, first, third]),
      'a piece of another object': Buffer.concat([header, first, pieces(b)[1] ?? b, third]),
      'the header of another object': Buffer.concat([b.subarray(0, HEADER_BYTES), first, second, third]),
      'another object': b,
      'an object of another namespace': stored('other/a'),
      plaintext: randomBytes(5_000),
    }
    for (const [what, bytes] of Object.entries(wrong)) {
      exchange('ns/a', bytes)
      await expect(readAll(storage, 'ns/a'), what).rejects.toEqual(code('INTEGRITY'))
    }
    exchange('ns/a', Buffer.concat([header, first, second, first]))
    await expect(readAll(storage, 'ns/a', { start: 2 * PIECE_BYTES })).rejects.toEqual(code('INTEGRITY'))
    expect((await readAll(storage, 'ns/a', { start: 5, end: 10 }))?.length).toBe(5)
  })

  it('reads a range without reading the rest', async () => {
    const read: (number | undefined)[] = []
    const inner = memoryStorage()
    const counting = {
      ...inner,
      get: async (...[key, options]: Parameters<typeof inner.get>) => {
        read.push(options?.range === undefined ? undefined : (options.range.end ?? 0) - options.range.start)
        return inner.get(key, options)
      },
    }
    const storage = encryptedStorage(counting, { keys: shared })
    const body = randomBytes(50 * PIECE_BYTES)
    await storage.put('ns/a', body)
    const part = await readAll(storage, 'ns/a', { start: 20 * PIECE_BYTES - 1, end: 20 * PIECE_BYTES + 1 })
    expect(part?.equals(body.subarray(20 * PIECE_BYTES - 1, 20 * PIECE_BYTES + 1))).toBe(true)
    expect(read).toEqual([HEADER_BYTES, 2 * (PIECE_BYTES + 16)])
  })

  it('says that an object was replaced under a reader, and not that it is damaged', async () => {
    const { storage } = onMemory()
    await storage.put('ns/a', randomBytes(1000))
    const found = (await storage.get('ns/a', { range: { start: 0, end: 10 } })) ?? expect.fail('gone')
    await storage.put('ns/a', randomBytes(1000))
    const reading = async () => {
      for await (const chunk of found.body) expect(chunk.length).toBe(10)
    }
    await expect(reading()).rejects.toEqual(code('UNAVAILABLE'))
  })
})

describe('with KMS', () => {
  it('asks once for many objects, and again after a restart, once for a key', async () => {
    const { kms, keys } = await freshKeys()
    const { storage } = onMemory(keys)
    for (let index = 0; index < 20; index++) await storage.put(`ns/${index}`, randomBytes(10))
    for (let index = 0; index < 20; index++) await readAll(storage, `ns/${index}`)
    expect(kms.calls.map(({ operation, context }) => [operation, context])).toEqual([
      ['GenerateDataKey', { 'seamark:namespace': 'ns', 'seamark:purpose': 'blob' }],
      ['Decrypt', { 'seamark:namespace': 'ns', 'seamark:purpose': 'blob' }],
    ])
  })

  it('reads what was stored before a rotation, here, in KMS, or to another key of KMS', async () => {
    const { kms, arn, keys } = await freshKeys()
    const inner = memoryStorage()
    const before = encryptedStorage(inner, { keys, rotateAfterUses: 1 })
    await before.put('ns/a', Buffer.from('a'))
    await before.put('ns/b', Buffer.from('b'))
    kms.run('RotateKeyOnDemand', { KeyId: arn })
    await before.put('ns/c', Buffer.from('c'))
    const after = encryptedStorage(inner, { keys })
    for (const name of ['a', 'b', 'c']) expect((await readAll(after, `ns/${name}`))?.toString()).toBe(name)
    expect(kms.calls.filter(({ operation }) => operation === 'GenerateDataKey')).toHaveLength(3)
    const foreign = encryptedStorage(inner, { keys: keysOf(kms, kms.createKey()) })
    await expect(readAll(foreign, 'ns/a')).rejects.toEqual(code('INTEGRITY'))
  })

  it('is UNAVAILABLE while it is away, stores nothing, and loses nothing', async () => {
    const { kms, arn, keys } = await freshKeys()
    const inner = memoryStorage()
    await encryptedStorage(inner, { keys }).put('ns/a', Buffer.from('a'))
    const storage = encryptedStorage(inner, { keys })
    const back = kms.fail({ kind: 'internal', times: Infinity })
    await expect(storage.put('ns/b', Buffer.from('b'))).rejects.toEqual(code('UNAVAILABLE'))
    await expect(readAll(storage, 'ns/a')).rejects.toEqual(code('UNAVAILABLE'))
    expect(await inner.head('ns/b')).toBeUndefined()
    back()
    kms.run('DisableKey', { KeyId: arn })
    await expect(readAll(storage, 'ns/a')).rejects.toEqual(code('UNAVAILABLE'))
    kms.run('EnableKey', { KeyId: arn })
    expect((await readAll(storage, 'ns/a'))?.toString()).toBe('a')
  })
})
