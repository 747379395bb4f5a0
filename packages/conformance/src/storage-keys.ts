import type { StorageProvider, StoredObject } from '@seamark/core'
import { expectCode, expectEqual, fail } from './check.ts'
import { bytes, keysOf, listed, read } from './storage-subject.ts'
import type { Case } from './suite.ts'

const long = 'x'.repeat(255)

/** Keys that a careless mapping to a file system, a URL or a database confuses. Ascending by bytes. */
const goodKeys: readonly string[] = [
  '-',
  '...',
  '..a',
  '.a',
  '.tmp/a',
  '0',
  'A',
  'CON',
  '_',
  'a',
  'a-b',
  'a-b/c',
  'a.b',
  'a/b',
  'a/b/c',
  'a/bb',
  'a0',
  'aB',
  'ab',
  `n/${long}`,
  `n/${long}-`,
  `n/${long}.`,
  `n/${long}/y`,
  `n/${long}0`,
  `n/${long}A`,
  `n/${long}a`,
  'z'.repeat(1024),
]

const badKeys: readonly string[] = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/..',
  'a/../b',
  'a/./b',
  '/etc/passwd',
  'a\\b',
  'a b',
  'a\u0000b',
  'a\nb',
  'a%2fb',
  'a:b',
  'a@',
  'a+b',
  'ä',
  '\u202ea',
  'z'.repeat(1025),
  '~/a',
]

/** Which keys there are, and in which order. */
export const keyCases: readonly Case<StorageProvider>[] = [
  {
    id: 'storage/good-keys',
    about: 'every key of the contract is an object of its own, also where one is the folder of another',
    async run({ seam }) {
      for (const key of goodKeys) await seam.put(key, bytes(`body of ${key}`))
      for (const key of goodKeys) {
        expectEqual(await read(seam, key), bytes(`body of ${key}`), `bytes of ${key}`)
        expectEqual((await seam.head(key))?.key, key, `head of ${key}`)
      }
    },
  },
  {
    id: 'storage/bad-keys',
    about: 'every other key is INVALID_INPUT in every method, and nothing is stored',
    async run({ seam }) {
      await seam.put('b', bytes('kept'))
      for (const key of badKeys) {
        const shown = JSON.stringify(key.slice(0, 40))
        await expectCode('INVALID_INPUT', () => seam.put(key, bytes('x')), `put ${shown}`)
        await expectCode('INVALID_INPUT', () => seam.get(key), `get ${shown}`)
        await expectCode('INVALID_INPUT', () => seam.head(key), `head ${shown}`)
        if (seam.delete !== undefined)
          await expectCode('INVALID_INPUT', async () => seam.delete?.(key), `delete ${shown}`)
      }
      expectEqual(await keysOf(seam), ['b'], 'listing')
    },
  },
  {
    id: 'storage/absence',
    about: 'what is not there is undefined, also below and above keys that are',
    async run({ seam }) {
      await seam.put('ns/a/b', bytes('x'))
      for (const key of ['ns', 'ns/a', 'ns/a/b/c', 'ns/c', 'other', 'ns/A/b']) {
        expectEqual(await seam.get(key), undefined, `get ${key}`)
        expectEqual(await seam.head(key), undefined, `head ${key}`)
      }
      expectEqual(await keysOf(seam, 'other/'), [], 'listing of nothing')
    },
  },
  {
    id: 'storage/list-order',
    about: 'listing is ascending by the bytes of the keys, with sizes, whatever the order of storing',
    async run({ seam }) {
      const shuffled = goodKeys.map((key, index) => ({ key, at: (index * 17) % goodKeys.length }))
      for (const { key } of shuffled.sort((a, b) => a.at - b.at)) await seam.put(key, bytes(`body of ${key}`))
      const objects = await listed(seam, '')
      expectEqual(
        objects.map(({ key }) => key),
        goodKeys,
        'order',
      )
      expectEqual(
        objects.map(({ size }) => size),
        goodKeys.map((key) => 8 + key.length),
        'sizes',
      )
    },
  },
  {
    id: 'storage/list-prefix',
    about: 'a prefix is a prefix of the key, wherever it ends',
    async run({ seam }) {
      for (const key of goodKeys) await seam.put(key, bytes('x'))
      for (const prefix of [
        '',
        'a',
        'a/',
        'a/b',
        'a/b/',
        'n/x',
        `n/${long}`,
        `n/${long}/`,
        'z',
        'q',
        '.',
        '..',
        'A',
        'n/',
      ])
        expectEqual(
          await keysOf(seam, prefix),
          goodKeys.filter((key) => key.startsWith(prefix)),
          `prefix ${prefix.slice(0, 40)}`,
        )
    },
  },
  {
    id: 'storage/list-is-whole',
    about: 'a listing has no limit of its own',
    async run({ seam }) {
      const keys = Array.from({ length: 1_100 }, (_, index) => `ns/${String(index).padStart(5, '0')}`)
      for (let at = 0; at < keys.length; at += 50)
        await Promise.all(keys.slice(at, at + 50).map((key) => seam.put(key, bytes(key))))
      expectEqual(await keysOf(seam, 'ns/'), keys, 'listing of 1,100 objects')
    },
  },
  {
    id: 'storage/list-times',
    about: 'a listing says when each object was put, to within an hour, and a later put is not older',
    skip: (seam) => (seam.delete === undefined ? 'it has no delete' : undefined),
    async run({ seam }) {
      const hour = 3_600_000
      for (const key of ['ns/old', 'ns/new']) await seam.put(key, bytes(key))
      const before = timesOf(await listed(seam, 'ns/'))
      await seam.put('ns/old', bytes('once more'))
      const after = timesOf(await listed(seam, 'ns/'))
      for (const [key, at] of [...before, ...after])
        if (!Number.isSafeInteger(at) || Math.abs((at ?? 0) - Date.now()) > hour) fail(`${key} was put at ${at}`)
      if ((after.get('ns/old') ?? 0) < (before.get('ns/old') ?? 0)) fail('what was put again is older than before')
    },
  },
  {
    id: 'storage/delete',
    about: 'a deleted object is gone, its neighbours are not, and deleting again is no error',
    skip: (seam) => (seam.delete === undefined ? 'it has no delete' : undefined),
    async run({ seam }) {
      for (const key of ['a', 'a/b', 'a/c', 'aa']) await seam.put(key, bytes(key))
      await seam.delete?.('a')
      await seam.delete?.('a/c')
      await seam.delete?.('a')
      await seam.delete?.('never/was')
      expectEqual(await seam.head('a'), undefined, 'head of a deleted object')
      expectEqual(await seam.get('a/c'), undefined, 'get of a deleted object')
      expectEqual(await keysOf(seam), ['a/b', 'aa'], 'what is left')
      expectEqual((await seam.put('a', bytes('again'), { ifAbsent: true })).created, true, 'put after delete')
      expectEqual(await read(seam, 'a'), bytes('again'), 'bytes after delete and put')
    },
  },
]

function timesOf(objects: readonly StoredObject[]): ReadonlyMap<string, number | undefined> {
  return new Map(objects.map(({ key, storedAt }) => [key, storedAt]))
}
