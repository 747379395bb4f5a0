import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDiskWatch } from '../src/disk-watch.ts'
import { allProcesses, treeOf } from '../src/process-tree.ts'
import { disksOf, mappedIn, removedFilesOf } from '../src/removed-files.ts'
import { temporaryFolder, until } from './support/world.ts'

const MiB = 1024 * 1024
const source = (name: string) => fileURLToPath(new URL(`../src/${name}`, import.meta.url))
const isRoot = process.getuid?.() === 0

/** Runs a program of Perl that makes the file `ready`, and looks at what it has. */
async function seenOf(script: string) {
  const dir = temporaryFolder()
  const child = spawn('perl', ['-e', `${script}; open(my $r, '>', 'ready'); sleep 30`], {
    cwd: dir,
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(() => existsSync(join(dir, 'ready')), 'it is there')
  return removedFilesOf(treeOf(child.pid ?? 0, await allProcesses()), await disksOf([dir]))
}

const make = `open(my $f, '+>', 'file'); syswrite($f, 'x' x ${MiB}); unlink 'file'`

describe('removed files', () => {
  it('are counted while they are open', async () => {
    const { bytes, whole } = await seenOf(make)
    expect(whole).toBe(true)
    expect(bytes).toBeGreaterThanOrEqual(MiB)
    expect(bytes).toBeLessThan(2 * MiB)
  })

  it('are counted where only one thread has them open, with descriptors of its own', async () => {
    const unshare = { x64: 272, arm64: 97 }[process.arch as string] ?? -1
    const inThread = `use threads; threads->create(sub { syscall(${unshare}, 0x400); ${make}; sleep 30 }); sleep 1`
    expect((await seenOf(inThread)).bytes).toBeGreaterThanOrEqual(MiB)
  })

  it('that are only mapped are missed, and that is said', async () => {
    const mmap = { x64: 9, arm64: 222 }[process.arch as string] ?? -1
    const seen = await seenOf(`${make}; syscall(${mmap}, 0, 4096, 3, 1, fileno($f), 0); close($f)`)
    expect(seen).toEqual({ bytes: 0, whole: false })
    const both = await seenOf(`${make}; syscall(${mmap}, 0, 4096, 3, 1, fileno($f), 0)`)
    expect(both.whole).toBe(true)
  })

  it('of who can not be looked at are missed, and that is said to an ordinary user', () => {
    const prctl = { x64: 157, arm64: 167 }[process.arch as string] ?? -1
    const program = (script: string, own: boolean) => `
      import { spawn, spawnSync } from 'node:child_process'
      import { once } from 'node:events'
      import { allProcesses, treeOf } from '${source('process-tree.ts')}'
      import { disksOf, removedFilesOf } from '${source('removed-files.ts')}'
      const child = spawn('perl', ['-e', ${JSON.stringify(`${script}; $| = 1; print 1; sleep 30`)}])
      await once(child.stdout, 'data')
      const tree = treeOf(child.pid, await allProcesses())
      console.log(JSON.stringify(await removedFilesOf(tree, await disksOf(['/tmp']), ${own} ? [child.pid] : [])))
      child.kill('SIGKILL')`
    const run = (script: string, own = false): unknown => {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--conditions=source', '--input-type=module', '-e', program(script, own)],
        { encoding: 'utf8', cwd: '/', ...(isRoot && { uid: 12_345, gid: 12_345 }) },
      )
      expect(stderr).toBe('')
      return JSON.parse(stdout)
    }
    expect(run('1')).toEqual({ bytes: 0, whole: true })
    expect(run(`syscall(${prctl}, 4, 0, 0, 0, 0)`)).toEqual({ bytes: 0, whole: false })
    expect(run(`syscall(${prctl}, 4, 0, 0, 0, 0)`, true)).toEqual({ bytes: 0, whole: true })
    // As every process is closed for a moment before it has ended.
    const ends = `syscall(${prctl}, 4, 0, 0, 0, 0); $SIG{ALRM} = sub { exit }; use Time::HiRes 'ualarm'; ualarm(70_000)`
    expect(run(ends)).toEqual({ bytes: 0, whole: true })
  })

  it('are told from others that are mapped', () => {
    const line = (device: string, inode: number, rest: string) =>
      `7f00-7f01 rw-s 00000000 ${device} ${inode}                     ${rest}\n`
    const maps = [
      line('fe:00', 12, '/workspace/file (deleted)'),
      line('fe:00', 13, '/workspace/other'),
      line('00:01', 14, '/dev/zero (deleted)'),
    ].join('')
    expect(mappedIn(maps, new Set(['fe:00']))).toEqual(['12'])
  })

  it('of a disk are those that the kernel names as it does the disk', async () => {
    const dir = temporaryFolder()
    const { names, numbers, paths } = await disksOf([dir, dir, '/no/such/folder'])
    expect([names.size, numbers.size, paths]).toEqual([1, 1, [dir]])
    const { names: ofSystem } = await disksOf([process.execPath])
    const { ino } = await stat(process.execPath)
    const maps = await readFile('/proc/self/maps', 'utf8')
    const removed = maps.replaceAll(process.execPath, `${process.execPath} (deleted)`)
    expect(mappedIn(removed, ofSystem)).toContain(String(ino))
  })

  it('that can not all be seen make the growth of the disk count', async () => {
    const [dir, other] = [temporaryFolder(), temporaryFolder()]
    const watches = await Promise.all(
      [true, false].map((whole) => openDiskWatch([dir], 16 * MiB, async () => ({ bytes: 0, whole }))),
    )
    writeFileSync(join(other, 'full'), Buffer.alloc(48 * MiB, 1))
    expect(await Promise.all(watches.map((watch) => watch.isOver()))).toEqual([false, true])
    const removed = await openDiskWatch([dir], 16 * MiB, async () => ({ bytes: 17 * MiB, whole: true }))
    expect(await removed.isOver()).toBe(true)
  })
})
