import { isSeamError } from '@seamark/kit'
import { toBase64 } from '@seamark/log'
import { expect, test } from 'vitest'
import { parseTrust, verify } from '../src/index.ts'
import { ORIGIN, trust } from './world.ts'

const [log, exported] = trust.keys
if (log === undefined || exported === undefined) throw new Error('two keys')

test('a trust file is taken as it is', () => {
  const full = {
    ...trust,
    keys: [
      {
        ...log,
        validFrom: '2025-01-01T00:00:00Z',
        validUntil: '2026-01-01T00:00:00+01:00',
        compromisedSince: '2025-06-01T00:00:00.5Z',
      },
      exported,
    ],
    witnesses: [{ name: 'w', key: log.key, owner: 'o' }],
    tsaRoots: ['-----BEGIN CERTIFICATE-----'],
    required: ['authentic'],
  }
  expect(parseTrust(full)).toEqual(full)
})

const rawLog = Buffer.from(log.key.split('+')[2] ?? '', 'base64').subarray(1)
test.each<[string, unknown, string]>([
  ['nothing', null, ''],
  ['another version', { ...trust, version: 2 }, '/version'],
  ['an unknown field', { ...trust, more: 1 }, ''],
  ['an unknown field of a key', { ...trust, keys: [{ ...log, more: 1 }] }, '/keys/0'],
  ['another origin form', { ...trust, keys: [{ ...log, origin: 'x' }] }, '/keys/0/origin'],
  ['a key of another origin', { ...trust, keys: [{ ...log, origin: ORIGIN.replace('5e', '5f') }] }, '/keys/0/key'],
  ['another role', { ...trust, keys: [{ ...log, role: 'admin' }] }, '/keys/0/role'],
  ['a day as instant', { ...trust, keys: [{ ...log, validFrom: '2025-01-01' }] }, '/keys/0/validFrom'],
  ['a key of small order', { ...trust, keys: [{ ...exported, key: toBase64(new Uint8Array(32)) }] }, '/keys/0/key'],
  [
    'a key in base64url',
    { ...trust, keys: [{ ...exported, key: toBase64(Buffer.alloc(32, 0xfe)).replaceAll('+', '-') }] },
    '/keys/0/key',
  ],
  ['a witness key that is none', { ...trust, keys: [{ ...log, role: 'witness', key: 'x' }] }, '/keys/0/key'],
  ['one key in two roles', { ...trust, keys: [log, { ...exported, key: toBase64(rawLog) }] }, '/keys/1/key'],
])('with %s is refused, naming the place', async (_, value, pointer) => {
  let error: unknown
  try {
    parseTrust(value)
  } catch (thrown) {
    error = thrown
  }
  expect(isSeamError(error) && [error.code, error.problems[0]?.place?.pointer]).toEqual(['INVALID_INPUT', pointer])
})

test('verify refuses a trust file that is none', async () => {
  const files = (async function* () {})()
  await expect(verify(files, { ...trust, keys: [{ ...log, key: 'x' }] }, { now: 0 })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})
test('a source that fails is unreadable', async () => {
  const files = (async function* () {
    yield* []
    throw new Error('EIO')
  })()
  expect(await verify(files, trust, { now: 0 })).toMatchObject({ verdict: 'unreadable', exitCode: 2 })
})
