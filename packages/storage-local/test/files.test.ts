import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { chmod, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderStorage } from '../src/index.ts'
import { parseName, pathOfKey } from '../src/layout.ts'
import { code, freshFolder, keys, read } from './support.ts'

const block = 256 * 1024
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest()

describe('an object’s file', () => {
  it('has the documented form: body, digests of the blocks, trailer', async () => {
    const dir = await freshFolder()
    const body = Buffer.alloc(block + 3, 'abc')
    await folderStorage({ dir }).put('ns/blobs/key', body)
    const file = await readFile(join(dir, 'ns', 'blobs', 'key@'))
    const digests = Buffer.concat([sha256(body.subarray(0, block)), sha256(body.subarray(block))])
    const size = Buffer.alloc(8)
    size.writeBigUInt64BE(BigInt(body.length))
    const sealed = Buffer.concat([digests, sha256(body), size])
    expect(file.equals(Buffer.concat([body, sealed, sha256(sealed), Buffer.from('seamark1')]))).toBe(true)
  })

  it('is for its owner only, and so are the folders', async () => {
    const dir = join(await freshFolder(), 'made', 'by', 'put')
    await folderStorage({ dir }).put('ns/a/b', Buffer.from('x'))
    const modes = await Promise.all(
      [dir, join(dir, '@tmp'), join(dir, 'ns'), join(dir, 'ns/a'), join(dir, 'ns/a/b@')].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    )
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o700, 0o600])
  })

  it('with any bit flipped never yields another body', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('twelve bytes'))
    const path = join(dir, 'ns', 'a@')
    const file = await readFile(path)
    for (let at = 0; at < file.length; at++) {
      const damaged = Buffer.from(file)
      damaged[at]! ^= 1 << (at % 8)
      await writeFile(path, damaged)
      await expect(read(storage, 'ns/a'), `byte ${at}`).rejects.toEqual(code('INTEGRITY'))
    }
  })

  it('that is cut short or goes on is refused, also by head; a listing refuses a size that no object has', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('twelve bytes'))
    const path = join(dir, 'ns', 'a@')
    const file = await readFile(path)
    for (const size of [0, 1, 79, 80, file.length - 1, file.length + 1]) {
      await truncate(path, size)
      await expect(storage.head('ns/a')).rejects.toEqual(code('INTEGRITY'))
      await expect(read(storage, 'ns/a')).rejects.toEqual(code('INTEGRITY'))
      if (size < 80) await expect(keys(storage)).rejects.toEqual(code('INTEGRITY'))
      await writeFile(path, file)
    }
    expect((await read(storage, 'ns/a'))?.toString()).toBe('twelve bytes')
  })

  it('is listed with the size of its body, for bodies around the end of a block, without being opened', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    const sizes = [0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 1, 3 * block - 1]
    for (const [at, size] of sizes.entries()) await storage.put(`ns/${at}`, Buffer.alloc(size))
    const listed: number[] = []
    for await (const object of storage.list('ns/')) listed.push(object.size)
    expect(listed).toEqual(sizes)
    // Between the last byte of one block and its digest there is no size.
    const path = join(dir, 'ns', '3@')
    for (const more of [1, 16, 32]) {
      await truncate(path, block + 32 + 80 + more)
      await expect(keys(storage)).rejects.toEqual(code('INTEGRITY'))
    }
  })

  it('is checked block by block: no damaged byte is yielded, and whole blocks can be read', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    const body = Buffer.alloc(3 * block, 7)
    await storage.put('ns/a', body)
    const path = join(dir, 'ns', 'a@')
    const file = await readFile(path)
    file[block + 10]! ^= 1
    await writeFile(path, file)
    let yielded = 0
    const found = await storage.get('ns/a')
    const reading = async () => {
      for await (const chunk of found!.body) yielded += chunk.byteLength
    }
    await expect(reading()).rejects.toEqual(code('INTEGRITY'))
    expect(yielded).toBe(block)
    await expect(read(storage, 'ns/a', { start: 2 * block - 1, end: 2 * block })).rejects.toEqual(code('INTEGRITY'))
    expect(await read(storage, 'ns/a', { start: block - 5, end: block })).toEqual(body.subarray(0, 5))
    expect((await read(storage, 'ns/a', { start: 2 * block }))?.length).toBe(block)
  })

  it('of another key put in its place is not detected by name, but its own digest still holds', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('a'))
    const { sha256: other } = await storage.put('ns/b', Buffer.from('b'))
    await writeFile(join(dir, 'ns', 'a@'), await readFile(join(dir, 'ns', 'b@')))
    expect((await storage.head('ns/a'))?.sha256).toBe(other)
  })

  it('that may not be reached is FORBIDDEN', async () => {
    const top = await freshFolder()
    const dir = join(top, 'store')
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('a'))
    await chmod(top, 0o755)
    await chmod(dir, 0)
    // The superuser may reach everything.
    const root = process.geteuid?.() === 0
    if (root) process.seteuid?.(65_534)
    try {
      await expect(storage.get('ns/a')).rejects.toEqual(code('FORBIDDEN'))
      await expect(storage.put('ns/b', Buffer.from('b'))).rejects.toEqual(code('FORBIDDEN'))
      await expect(folderStorage({ dir }).put('ns/b', Buffer.from('b'))).rejects.toEqual(code('FORBIDDEN'))
      await expect(storage.delete?.('ns/a')).rejects.toEqual(code('FORBIDDEN'))
      await expect(keys(storage)).rejects.toEqual(code('FORBIDDEN'))
    } finally {
      if (root) process.seteuid?.(0)
      await chmod(dir, 0o700)
    }
  })
})

const segment = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', '0', '.', '_', '-'), minLength: 1, maxLength: 6 }),
    fc.string({ unit: fc.constantFrom('x', 'X', '.', '-'), minLength: 95, maxLength: 210 }),
  )
  .filter((text) => text !== '.' && text !== '..')
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))

describe('names in the store', () => {
  it('are file names, keep keys apart even without case, and tell the key', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const path = pathOfKey(a)
        for (const name of path) {
          expect(name.length).toBeLessThanOrEqual(255)
          expect(name).not.toMatch(/^\.\.?$|\/|[A-Z]/)
        }
        expect(path.join('/').toLowerCase() === pathOfKey(b).join('/').toLowerCase()).toBe(a === b)
        const told = path.map((name) => parseName(name)!)
        expect(told.map(({ text, type }) => text + (type === 'folder' ? '/' : '')).join('')).toBe(a)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['@tmp', '.DS_Store', 'a~', 'A', '^A', '+', '@', 'a@@', 'a b', ''])(
    'that others made are ignored: %j',
    (name) => {
      expect(parseName(name)).toSatisfy((parsed: unknown) => parsed === undefined || name === '.DS_Store')
    },
  )

  it('behaves like a map, in any order of operations', async () => {
    const operation = fc.oneof(
      fc.tuple(fc.constant('put' as const), key),
      fc.tuple(fc.constant('absent' as const), key),
      fc.tuple(fc.constant('delete' as const), key),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), key, async (operations, prefix) => {
        const storage = folderStorage({ dir: await freshFolder() })
        const model = new Map<string, string>()
        for (const [index, [what, of]] of operations.entries()) {
          const body = `${index}`
          if (what === 'delete') {
            await storage.delete?.(of)
            model.delete(of)
            continue
          }
          const { created } = await storage.put(of, Buffer.from(body), { ifAbsent: what === 'absent' })
          expect(created).toBe(what === 'put' || !model.has(of))
          if (created) model.set(of, body)
        }
        expect(await keys(storage)).toEqual([...model.keys()].sort())
        for (const cut of [prefix.slice(0, 1), prefix.slice(0, 101), prefix])
          expect(await keys(storage, cut)).toEqual([...model.keys()].filter((own) => own.startsWith(cut)).sort())
        for (const [of, body] of model) expect((await read(storage, of))?.toString()).toBe(body)
      }),
      { numRuns: 40 },
    )
  })
})
