import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { postgresJournal } from '../src/index.ts'
import type { PostgresJournalOptions } from '../src/index.ts'
import { byteaArray, int8Array, textArray } from '../src/binary-array.ts'
import { serverError, whileRunning } from '../src/server-errors.ts'
import { takeRows } from '../src/changes.ts'

const url = 'postgres://user:password@host/database'

describe('options', () => {
  it.each<PostgresJournalOptions>([
    {},
    { url, urlFile: '/x' },
    { url: 'host/database' },
    { url, schema: '' },
    { url, schema: 'a"; DROP TABLE b; --' },
    { url, schema: 'Upper' },
    { url, schema: 'pg_catalog' },
    { url, schema: 'information_schema' },
    { url, schema: 'x'.repeat(55) },
    { url, deployment: 'a b' },
    { url, leaseMs: 10 },
    { url, leaseMs: Number.NaN },
    { url, readConnections: 0 },
  ])('%j are INVALID_INPUT at once', (options) => {
    expect(() => postgresJournal(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('of a standby without the name of its deployment are refused, saying where', () => {
    const problem = { place: { pointer: '/deployment' }, remedy: expect.stringContaining('`deployment`') }
    expect(() => postgresJournal({ url, standby: true })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', problems: [expect.objectContaining(problem)] }),
    )
    postgresJournal({ url, standby: true, deployment: 'seamark' })
    postgresJournal({ url })
  })

  it('do nothing before the first use', async () => {
    const { journal, projections } = postgresJournal({ url: 'postgres://user:password@127.0.0.1:1/database' })
    expect([journal.kind, projections.kind, journal.name]).toEqual(['postgres', 'postgres', 'journal'])
    await journal.close()
  })
})

/** Reads the server's binary format of an array of one dimension. */
function decode(bytes: Buffer): readonly (Buffer | null)[] {
  const length = bytes.readInt32BE(12)
  const found: (Buffer | null)[] = []
  let at = 20
  for (let i = 0; i < length; i++) {
    const size = bytes.readInt32BE(at)
    at += 4
    found.push(size < 0 ? null : bytes.subarray(at, at + size))
    at += Math.max(0, size)
  }
  expect(at).toBe(bytes.length)
  expect(bytes.readInt32BE(4)).toBe(found.includes(null) ? 1 : 0)
  return found
}

describe('arrays in the server’s binary format', () => {
  it('hold what was put in', () => {
    const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<readonly (T | null)[]> => fc.array(fc.option(one))
    fc.assert(
      fc.property(maybe(fc.uint8Array()), maybe(fc.string()), maybe(fc.maxSafeInteger()), (some, texts, numbers) => {
        expect(decode(byteaArray(some))).toEqual(some.map((one) => one && Buffer.from(one)))
        expect(decode(textArray(texts)).map((one) => one?.toString() ?? null)).toEqual(texts)
        expect(decode(int8Array(numbers)).map((one) => one && Number(one.readBigInt64BE()))).toEqual(numbers)
      }),
    )
  })
})

describe('errors of the server', () => {
  it.each([
    ['53100', 'LIMIT_EXCEEDED'],
    ['53300', 'UNAVAILABLE'],
    ['40001', 'UNAVAILABLE'],
    ['40P01', 'UNAVAILABLE'],
    ['55P03', 'UNAVAILABLE'],
    ['57P01', 'UNAVAILABLE'],
    ['57P03', 'UNAVAILABLE'],
    ['08006', 'UNAVAILABLE'],
    ['25006', 'UNAVAILABLE'],
    ['28P01', 'UNAUTHENTICATED'],
    ['28000', 'UNAUTHENTICATED'],
    ['3D000', 'NOT_FOUND'],
    ['42501', 'FORBIDDEN'],
    ['42P01', 'INTEGRITY'],
    ['23505', 'INTEGRITY'],
    ['XX001', 'INTEGRITY'],
    ['26000', 'UNSUPPORTED'],
    ['0A000', 'UNSUPPORTED'],
    ['42601', 'INTERNAL'],
    ['ECONNREFUSED', 'UNAVAILABLE'],
    ['EPIPE', 'UNAVAILABLE'],
    ['ECONNRESET', 'UNAVAILABLE'],
    ['ENOTFOUND', 'UNAVAILABLE'],
  ])('%s is %s', (code, expected) => {
    expect(serverError(Object.assign(new Error('said'), { code }), 'it').code).toBe(expected)
  })

  it('do not blame the network for a certificate that is not there', async () => {
    for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
      const { journal } = postgresJournal({ url: `${url}?sslmode=verify-full&${name}=/nowhere/ca.pem` })
      await expect(journal.head('default')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await journal.close()
    }
  })

  it('that a rotation of credentials causes may pass while a service runs', () => {
    const refused = serverError(Object.assign(new Error('said'), { code: '28P01' }), 'it')
    expect([refused.consequence, whileRunning(refused).consequence]).toEqual(['terminal', 'retry'])
  })
})

describe('changes', () => {
  it('are taken in portions, each row once, the last version of it', () => {
    const row = (index: number, attempt: number) =>
      ({ projection: 'items', row: { run: 'r', index, item: `i${index}`, status: 'waiting', attempt } }) as const
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(9))), fc.integer({ min: 1, max: 7 }), (all, most) => {
        const changes = all.map(([index, attempt]) => row(index, attempt))[Symbol.iterator]()
        const stored = new Map<number, number>()
        for (let over = false; !over;) {
          const { items, done } = takeRows(changes, most)
          expect(new Set(items.map(({ index }) => index)).size).toBe(items.length)
          for (const { index, attempt } of items) stored.set(index, attempt)
          over = done
        }
        expect(stored).toEqual(new Map(all))
      }),
    )
  })
})
