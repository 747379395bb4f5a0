import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { folderStorage } from '../src/index.ts'
import { freshFolder, keys, read } from './support.ts'

const mkfs = '/usr/sbin/mkfs.ext4'

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } })
}

/** Mounts an image for one test. */
function mount(image: string, folder: string): string {
  mkdirSync(folder)
  // Nothing becomes durable by itself while the test lasts.
  run('mount', '-o', 'loop,commit=300', image, folder)
  onTestFinished(() => run('umount', '--lazy', folder))
  return folder
}

/** Whether this process may make a disk of its own. */
function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false
  try {
    for (const path of [mkfs, '/dev/loop-control']) accessSync(path, constants.R_OK)
    return true
  } catch {
    // Not there, or not for us: a container without devices.
    return false
  }
}

async function* parts(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

describe.runIf(mayMount())('when power is lost (as root, with ext4 and loop devices)', () => {
  it('what put has stored is there, and what was never synced is not', async () => {
    const folder = await freshFolder()
    const image = join(folder, 'disk')
    run('truncate', '-s', '48M', image)
    run(mkfs, '-q', '-F', image)
    const disk = mount(image, join(folder, 'mounted'))
    const storage = folderStorage({ dir: join(disk, 'new', 'store') })
    const wanted = new Map<string, string>()
    let losses = 0

    /** The disk as it is now, without what is only in memory. */
    const lose = async () => {
      const name = `loss${losses++}`
      writeFileSync(join(disk, name), 'never synced')
      const copy = join(folder, `${name}.disk`)
      run('cp', '--sparse=always', image, copy)
      const later = mount(copy, join(folder, name))
      const unsynced = join(later, name)
      expect(statSync(unsynced, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
      const found = folderStorage({ dir: join(later, 'new', 'store') })
      expect(await keys(found)).toEqual([...wanted.keys()].toSorted())
      for (const [key, content] of wanted) expect((await read(found, key))?.toString()).toBe(content)
    }
    const put = async (key: string, content: string, ifAbsent: boolean, stream = false) => {
      const body = stream ? parts(content.slice(0, 3), content.slice(3)) : Buffer.from(content)
      const { created } = await storage.put(key, body, { ifAbsent })
      if (created) wanted.set(key, content)
      await lose()
    }

    await put('ns/a/first', 'one', false)
    await put('ns/a/second', 'two', true)
    await put('ns/a/first', 'taken', true)
    await put('ns/a/first', 'over', false)
    await put('ns/deep/er/still/large', 'x'.repeat(700_000), true, true)
    await storage.delete?.('ns/a/second')
    wanted.delete('ns/a/second')
    await lose()
    expect(readFileSync(join(disk, 'loss0'), 'utf8')).toBe('never synced')
  })
})
