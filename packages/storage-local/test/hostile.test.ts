import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { folderStorage } from '../src/index.ts'
import { tempName } from '../src/temp.ts'
import { childSource, code, freshFolder, keys, read } from './support.ts'

function child(source: string) {
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function outputOf(source: string): Promise<string> {
  const running = child(source)
  let out = ''
  running.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const [exit] = await once(running, 'close')
  expect(exit).toBe(0)
  return out
}

describe('links and other things in the store', () => {
  it('are never followed, and never listed', async () => {
    const top = await freshFolder()
    const dir = join(top, 'store')
    const outside = join(top, 'outside')
    const storage = folderStorage({ dir })
    await storage.put('ns/real', Buffer.from('x'))
    await folderStorage({ dir: outside }).put('secret', Buffer.from('secret'))
    await symlink(join(outside, 'secret@'), join(dir, 'ns', 'link@'))
    await symlink(outside, join(dir, 'ns', 'folder'))
    await symlink(outside, join(dir, 'other'))

    for (const key of ['ns/link', 'ns/folder/secret', 'other/secret']) {
      await expect(storage.get(key), key).rejects.toEqual(code('INTEGRITY'))
      await expect(storage.head(key), key).rejects.toEqual(code('INTEGRITY'))
      await expect(storage.put(key, Buffer.from('y'), { ifAbsent: true }), key).rejects.toEqual(code('INTEGRITY'))
    }
    for (const key of ['ns/folder/new', 'other/new', 'other/new/deeper'])
      await expect(storage.put(key, Buffer.from('y')), key).rejects.toEqual(code('INTEGRITY'))
    await expect(storage.delete?.('ns/folder/secret')).rejects.toEqual(code('INTEGRITY'))
    expect(await keys(storage)).toEqual(['ns/real'])
    expect((await readdir(outside)).sort()).toEqual(['@tmp', 'secret@'])
    // A link in an object's place is replaced, not written through.
    await storage.put('ns/link', Buffer.from('own'))
    expect((await read(storage, 'ns/link'))?.toString()).toBe('own')
    expect((await read(folderStorage({ dir: outside }), 'secret'))?.toString()).toBe('secret')
  })

  it('are seen where a known folder was exchanged for a link', async () => {
    const top = await freshFolder()
    const dir = join(top, 'store')
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('x'))
    await rename(join(dir, 'ns'), join(top, 'moved'))
    await symlink(join(top, 'moved'), join(dir, 'ns'))
    await expect(storage.put('ns/b', Buffer.from('y'))).rejects.toEqual(code('INTEGRITY'))
    expect(await readdir(join(top, 'moved'))).toEqual(['a@'])
  })

  it('that are no files are INTEGRITY, and do not block', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    await storage.put('ns/a', Buffer.from('x'))
    expect(spawnSync('mkfifo', [join(dir, 'ns', 'pipe@')]).status).toBe(0)
    await mkdir(join(dir, 'ns', 'folder@'))
    await writeFile(join(dir, 'ns', 'file'), 'in place of a folder')
    for (const key of ['ns/pipe', 'ns/folder', 'ns/file/x'])
      await expect(storage.get(key), key).rejects.toEqual(code('INTEGRITY'))
    await expect(storage.put('ns/file/x', Buffer.from('y'))).rejects.toEqual(code('INTEGRITY'))
    expect(await keys(storage)).toEqual(['ns/a'])
  })

  it('a folder that someone removed is made again at the next try', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    await storage.put('ns/a/b', Buffer.from('x'))
    await rm(join(dir, 'ns'), { recursive: true })
    await expect(storage.put('ns/a/b', Buffer.from('y'))).rejects.toEqual(code('UNAVAILABLE'))
    await storage.put('ns/a/b', Buffer.from('z'))
    expect((await read(storage, 'ns/a/b'))?.toString()).toBe('z')
    await rm(dir, { recursive: true })
    await expect(storage.put('ns/a/b', Buffer.from('y'))).rejects.toEqual(code('UNAVAILABLE'))
    await storage.put('ns/a/b', Buffer.from('z'))
    expect(await keys(storage)).toEqual(['ns/a/b'])
  })
})

describe('several processes', () => {
  it('that put the same keys with ifAbsent: each key is created once, and what one was told is there', async () => {
    const dir = await freshFolder()
    const source = childSource(
      dir,
      `const created = []
      for (let n = 0; n < 60; n++)
        if ((await storage.put('ns/' + n, Buffer.from(process.pid + ' ' + n), { ifAbsent: true })).created) created.push(n)
      process.stdout.write(JSON.stringify({ pid: process.pid, created }))`,
    )
    const answers = (await Promise.all([outputOf(source), outputOf(source), outputOf(source)])).map(
      (text): { pid: number; created: number[] } => JSON.parse(text),
    )
    expect(answers.flatMap(({ created }) => created).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, n) => n),
    )
    const storage = folderStorage({ dir })
    for (const { pid, created } of answers)
      for (const n of created) expect((await read(storage, `ns/${n}`))?.toString()).toBe(`${pid} ${n}`)
  })

  it('one of which is killed in a put: nothing of it is seen, and the next put sweeps what it left', async () => {
    const dir = await freshFolder()
    const running = child(
      childSource(
        dir,
        `async function* body() {
          for (;;) { yield new Uint8Array(300_000); process.stdout.write('.') ; await new Promise((next) => setTimeout(next, 1)) }
        }
        await storage.put('ns/a', body())`,
      ),
    )
    await once(running.stdout, 'data')
    const other = folderStorage({ dir })
    await other.put('ns/b', Buffer.from('x'))
    expect(await readdir(join(dir, '@tmp'))).toHaveLength(1)
    running.kill('SIGKILL')
    await once(running, 'close')
    expect(await keys(other)).toEqual(['ns/b'])
    await folderStorage({ dir }).put('ns/c', Buffer.from('x'))
    expect(await readdir(join(dir, '@tmp'))).toEqual([])
  })

  it('of another machine are swept only after a day', async () => {
    const dir = await freshFolder()
    await folderStorage({ dir }).put('ns/a', Buffer.from('x'))
    const [old, fresh, own] = [`${'0'.repeat(16)}.1.a`, `${'0'.repeat(16)}.1.b`, tempName()]
    for (const name of [old, fresh, own]) await writeFile(join(dir, '@tmp', name), 'x')
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000)
    await utimes(join(dir, '@tmp', old), longAgo, longAgo)
    await folderStorage({ dir }).put('ns/b', Buffer.from('x'))
    expect((await readdir(join(dir, '@tmp'))).sort()).toEqual([fresh, own].sort())
  })
})

describe('failures', () => {
  it('leave no temporary file', async () => {
    const dir = await freshFolder()
    const storage = folderStorage({ dir })
    const failing = async function* () {
      yield new Uint8Array(1_000_000)
      throw new Error('broke')
    }
    await expect(storage.put('ns/a', failing())).rejects.toEqual(code('INTERNAL'))
    await expect(storage.put('ns/a', Buffer.from('x'), { size: 2 })).rejects.toEqual(code('INTEGRITY'))
    await expect(storage.put('ns/a', Buffer.from('x'), { sha256: '0'.repeat(64) })).rejects.toEqual(code('INTEGRITY'))
    const notBytes = (async function* () {
      yield 'text'
    })() as unknown as AsyncIterable<Uint8Array>
    await expect(storage.put('ns/a', notBytes)).rejects.toEqual(code('INVALID_INPUT'))
    expect(await readdir(join(dir, '@tmp'))).toEqual([])
    expect(await keys(storage)).toEqual([])
  })

  it('let go of a body that is not needed', async () => {
    const storage = folderStorage({ dir: await freshFolder() })
    await storage.put('ns/a', Buffer.from('x'))
    let returned = false
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: new Uint8Array(1) }),
        return: async () => {
          returned = true
          return { done: true as const, value: undefined }
        },
      }),
    }
    expect((await storage.put('ns/a', body, { ifAbsent: true })).created).toBe(false)
    expect(returned).toBe(true)
  })

  const tmpfs = ['--map-root-user', '--mount', 'sh', '-c']
  const canMount = spawnSync('unshare', [...tmpfs, 'mount -t tmpfs none /mnt']).status === 0

  it.skipIf(!canMount)(
    'of a full disk (where one may mount) are LIMIT_EXCEEDED, leave nothing, pass with space',
    async () => {
      const dir = await freshFolder()
      const source = childSource(
        dir,
        `const { readdirSync } = await import('node:fs')
      await storage.put('ns/kept', new Uint8Array(500_000))
      const full = await storage.put('ns/a', new Uint8Array(2_000_000)).then(() => 'stored', (error) => error.code)
      const left = readdirSync(${JSON.stringify(join(dir, '@tmp'))})
      await storage.put('ns/b', new Uint8Array(300_000))
      const keys = []
      for await (const { key } of storage.list('')) keys.push(key)
      process.stdout.write(JSON.stringify({ full, left, keys }))`,
      )
      const script = `mount -t tmpfs -o size=1m none "$1" && exec "$2" --input-type=module -e "$3"`
      const { stdout, stderr } = spawnSync('unshare', [...tmpfs, script, 'sh', dir, process.execPath, source])
      expect(stderr.toString()).toBe('')
      expect(JSON.parse(stdout.toString())).toEqual({ full: 'LIMIT_EXCEEDED', left: [], keys: ['ns/b', 'ns/kept'] })
    },
  )
})

const hasProc = spawnSync('test', ['-d', '/proc/self/fd']).status === 0

it.skipIf(!hasProc)('bodies that are left or never read keep no files open (where there is /proc)', async () => {
  const storage = folderStorage({ dir: await freshFolder() })
  await storage.put('ns/a', new Uint8Array(2_000_000))
  const before = (await readdir('/proc/self/fd')).length
  const leave = async () => {
    for (let round = 0; round < 40; round++) {
      const found = await storage.get('ns/a')
      if (round % 2 === 0) for await (const chunk of found!.body) if (chunk.byteLength > 0) break
    }
  }
  await leave()
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  await expect
    .poll(
      async () => {
        gc()
        await setTimeout(20)
        return (await readdir('/proc/self/fd')).length
      },
      { timeout: 5_000 },
    )
    .toBeLessThanOrEqual(before + 2)
})
