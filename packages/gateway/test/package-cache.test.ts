import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SeamError } from '@seamark/kit'
import { packageCache, type PackageCache } from '../src/package-cache.ts'

const headers = [['content-type', 'application/octet-stream']] as const
const waits = new AbortController().signal
let dir: string
let notices: SeamError[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'packages-'))
  notices = []
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const cacheOf = (maxBytes = 1_000_000): PackageCache =>
  packageCache({ dir, maxBytes, onNotice: (error) => notices.push(error) })

async function keep(cache: PackageCache, key: string, ...pieces: readonly string[]): Promise<void> {
  const keeping = cache.keep(key, headers, pieces.join('').length)
  for (const piece of pieces) await keeping?.add(Buffer.from(piece))
  await keeping?.done()
}

async function text(cache: PackageCache, key: string): Promise<string | undefined> {
  const found = await cache.find(key, waits)
  if (found === undefined) return undefined
  const pieces: Buffer[] = []
  for await (const piece of found.body()) pieces.push(Buffer.from(piece))
  const all = Buffer.concat(pieces)
  expect(all).toHaveLength(found.bytes)
  expect(found.headers).toEqual(headers)
  return all.toString()
}

const files = async (): Promise<string[]> => (await readdir(dir)).sort()

describe('a file', () => {
  it('is there under its key and no other, also for the next process', async () => {
    const cache = cacheOf()
    expect(await text(cache, 'a')).toBeUndefined()
    await keep(cache, 'a', 'one', 'two')
    await keep(cache, 'empty')
    expect(await text(cache, 'a')).toBe('onetwo')
    expect(await text(cache, 'b')).toBeUndefined()
    const next = cacheOf()
    expect([await text(next, 'a'), await text(next, 'empty')]).toEqual(['onetwo', ''])
    for (const name of await files()) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600)
    expect(notices).toEqual([])
  })

  it('is the newest of those that were kept under a key', async () => {
    const cache = cacheOf()
    await keep(cache, 'a', 'old')
    await keep(cache, 'a', 'newer')
    expect(await text(cache, 'a')).toBe('newer')
    expect(await files()).toHaveLength(1)
  })

  it('is not there until all of it is, nor where it was dropped, and nothing is left over', async () => {
    const cache = cacheOf()
    const keeping = cache.keep('a', headers, 4)
    const adding = keeping?.add(Buffer.from('half'))
    const dropped = keeping?.drop()
    await Promise.all([adding, dropped])
    expect(await text(cache, 'a')).toBeUndefined()
    await keeping?.add(Buffer.from('more'))
    await keeping?.done()
    expect(await text(cache, 'a')).toBeUndefined()
    expect(await files()).toEqual([])
    // As a process leaves it that was killed.
    await writeFile(join(dir, `.${'0'.repeat(24)}`), 'half')
    await text(cacheOf(), 'a')
    expect(await files()).toEqual([])
    expect(notices).toEqual([])
  })

  const damage: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'one byte of it changed': async (path) => {
      const bytes = await readFile(path)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await writeFile(path, bytes)
    },
    'it was cut': (path) => truncate(path, 4_098),
    'it grew': async (path) => writeFile(path, `${await readFile(path, 'latin1')}x`, 'latin1'),
    'it is empty': (path) => truncate(path, 0),
    'its head is of another key': async (path) =>
      writeFile(path, (await readFile(path, 'latin1')).replace('"key":"a"', '"key":"b"'), 'latin1'),
  }
  it.each(Object.keys(damage))('is not given where %s, and kept anew', async (what) => {
    const cache = cacheOf()
    await keep(cache, 'a', 'content')
    const [name = ''] = await files()
    await damage[what]?.(join(dir, name))
    expect(await text(cache, 'a')).toBeUndefined()
    expect(await files()).toEqual([])
    expect(notices.map(({ code }) => code)).toEqual(['INTEGRITY'])
    await keep(cache, 'a', 'content')
    expect(await text(cache, 'a')).toBe('content')
  })

  it('is not read on, nor taken for damaged, once nobody waits for it', async () => {
    const cache = cacheOf(8_000_000)
    await keep(cache, 'a', 'x'.repeat(4_000_000))
    const leaves = new AbortController()
    const finding = cache.find('a', leaves.signal)
    leaves.abort()
    expect(await finding).toBeUndefined()
    expect([await files(), notices]).toMatchObject([{ length: 1 }, []])
    expect(await text(cache, 'a')).toHaveLength(4_000_000)
  })

  it('is read to its end where it is removed meanwhile', async () => {
    const cache = cacheOf()
    await keep(cache, 'a', 'content')
    const found = await cache.find('a', waits)
    const [name = ''] = await files()
    await rm(join(dir, name))
    const pieces: Buffer[] = []
    for await (const piece of found?.body() ?? []) pieces.push(Buffer.from(piece))
    expect(Buffer.concat(pieces).toString()).toBe('content')
    expect(await text(cache, 'a')).toBeUndefined()
    expect(notices).toEqual([])
  })
})

describe('the bound', () => {
  const body = 'x'.repeat(6_000)

  it('holds for all files together: what was used longest ago makes room', async () => {
    const cache = cacheOf(31_000)
    for (const key of ['a', 'b', 'c']) await keep(cache, key, body)
    expect(await text(cache, 'a')).toBe(body)
    await keep(cache, 'd', body)
    expect([await text(cache, 'a'), await text(cache, 'b'), await text(cache, 'd')]).toEqual([body, undefined, body])
    const sizes = await Promise.all((await files()).map(async (name) => (await stat(join(dir, name))).size))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(31_000)
  })

  it('holds after a restart, and where it was lowered', async () => {
    const cache = cacheOf(31_000)
    for (const key of ['a', 'b', 'c']) await keep(cache, key, body)
    const next = cacheOf(11_000)
    expect(await text(next, 'none')).toBeUndefined()
    expect(await files()).toHaveLength(1)
  })

  it('keeps what is larger than all of it from being kept, and others make no room for it', async () => {
    const cache = cacheOf(16_000)
    await keep(cache, 'a', 'small')
    expect(cache.keep('b', headers, 12_000)).toBeUndefined()
    // Its length is not known before.
    const keeping = cacheOf(64_000).keep('c', headers, 'chunked')
    await keeping?.add(Buffer.alloc(4_000))
    await keeping?.done()
    expect(await files()).toHaveLength(1)
    expect(await text(cache, 'a')).toBe('small')
  })

  it('counts what is being written', async () => {
    const cache = cacheOf(31_000)
    const open = ['a', 'b', 'c', 'd'].map((key) => cache.keep(key, headers, body.length))
    for (const keeping of open) await keeping?.add(Buffer.from(body))
    for (const keeping of open) await keeping?.done()
    expect(await files()).toHaveLength(3)
    expect(notices).toEqual([])
  })
})

it('tells what keeps it from working, and neither finds nor keeps', async () => {
  const cache = packageCache({ dir: join(dir, 'none'), maxBytes: 10_000, onNotice: (error) => notices.push(error) })
  await keep(cache, 'a', 'x')
  expect(await text(cache, 'a')).toBeUndefined()
  expect(notices.map(({ code }) => code)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
})
