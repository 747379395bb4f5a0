import { spawn, spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { diskUse } from '../src/disk-use.ts'
import { FOLDER_MARK, LAUNCH_MARK, markedProcesses, processAt } from '../src/procfs.ts'
import {
  allProcesses,
  memoryAtMost,
  memoryFilesOf,
  memoryOf,
  processFrom,
  treeOf,
  type ProcessUse,
} from '../src/process-tree.ts'
import { disksOf, removedFilesOf } from '../src/removed-files.ts'
import { testExecutor } from './support/executor.ts'
import { idOf, temporaryFolder, until } from './support/world.ts'

const MiB = 1024 * 1024

describe('what file systems of memory hold', () => {
  it("of a process whose root is still the host's is nothing", async () => {
    expect(await memoryFilesOf(process.pid, ['/', '/tmp'])).toBe(0)
  })
})

describe('what folders hold', () => {
  it('counts each file once, whatever it is called, and follows no link', async () => {
    const dir = temporaryFolder()
    const outside = temporaryFolder()
    writeFileSync(join(outside, 'large'), Buffer.alloc(4 * MiB, 1))
    mkdirSync(join(dir, 'deep/er'), { recursive: true })
    writeFileSync(join(dir, 'deep/er/file'), Buffer.alloc(MiB, 1))
    linkSync(join(dir, 'deep/er/file'), join(dir, 'again'))
    writeFileSync(Buffer.concat([Buffer.from(join(dir, 'odd')), Buffer.from([0xff])]), Buffer.alloc(MiB, 1))
    symlinkSync(outside, join(dir, 'link'))
    const { bytes, whole } = await diskUse([dir, join(dir, 'deep'), dir], Infinity)
    expect(whole).toBe(true)
    expect(bytes).toBeGreaterThanOrEqual(2 * MiB)
    expect(bytes).toBeLessThan(3 * MiB)
  })

  it('is not added up further than is asked for', async () => {
    const dir = temporaryFolder()
    for (let n = 0; n < 20; n++) writeFileSync(join(dir, String(n)), Buffer.alloc(MiB, 1))
    const { bytes } = await diskUse([dir], 3 * MiB)
    expect(bytes).toBeGreaterThan(3 * MiB)
    expect(bytes).toBeLessThan(6 * MiB)
  })

  it('says where it could not look: a path that is too long', async () => {
    const dir = temporaryFolder()
    const name = 'x'.repeat(250)
    onTestFinished(() => void spawnSync('rm', ['-rf', join(dir, name)]))
    const from = process.cwd()
    process.chdir(dir)
    try {
      for (let n = 0; n < 20; n++) {
        mkdirSync(name)
        process.chdir(name)
      }
    } finally {
      process.chdir(from)
    }
    expect(await diskUse([dir], Infinity)).toMatchObject({ whole: false })
  })

  it('counts entries that have no blocks', async () => {
    const dir = temporaryFolder()
    for (let n = 0; n < 100; n++) writeFileSync(join(dir, String(n)), '')
    writeFileSync(join(dir, 'file'), '')
    for (let n = 0; n < 100; n++) linkSync(join(dir, 'file'), join(dir, `link${n}`))
    expect((await diskUse([dir], Infinity)).bytes).toBeGreaterThanOrEqual(200 * 4096)
    expect((await diskUse([dir], 50 * 4096)).bytes).toBeLessThan(60 * 4096)
  })

  it('holds only so much itself, and is too much beyond', async () => {
    const dir = temporaryFolder()
    for (let n = 0; n < 10; n++) {
      mkdirSync(join(dir, `folder${n}`))
      writeFileSync(join(dir, `file${n}`), Buffer.alloc(MiB, 1))
      linkSync(join(dir, `file${n}`), join(dir, `link${n}`))
    }
    const most = { entries: 100, linked: 100, waiting: 10_000 }
    const usual = await diskUse([dir], Infinity, most)
    expect(usual.bytes).toBeLessThan(11 * MiB)
    expect((await diskUse([dir], Infinity, { ...most, linked: 5 })).bytes).toBeGreaterThanOrEqual(15 * MiB)
    expect(await diskUse([dir], Infinity, { ...most, entries: 20 })).toEqual({ bytes: Infinity, whole: true })
    expect(await diskUse([dir], Infinity, { ...most, waiting: 100 })).toEqual({ bytes: Infinity, whole: true })
  })

  it('is not whole where a folder was moved away from the look', async () => {
    const dir = temporaryFolder()
    for (let n = 0; n < 3; n++) mkdirSync(join(dir, `from${n}`))
    let moved = 0
    let parts = 0
    const look = async () => {
      for (; parts < 200; parts++) if (!(await diskUse([dir], Infinity)).whole) moved++
    }
    const looking = look()
    for (let n = 0; parts < 200; n++) {
      const [from, to] = n % 2 === 0 ? ['from', 'to'] : ['to', 'from']
      for (let i = 0; i < 3; i++) await rename(join(dir, `${from}${i}`), join(dir, `${to}${i}`))
    }
    await looking
    expect(moved).toBeGreaterThan(0)
  })

  it('is nothing where there is nothing', async () => {
    expect(await diskUse(['/no/such/folder'], Infinity)).toEqual({ bytes: 0, whole: true })
  })
})

describe('a tree of processes', () => {
  it('is read from what the kernel says, whatever a program is called', () => {
    const rest = `1 2 3 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 7 0 100 1000 50 0`
    const one = { pid: 41, parent: 1, threads: 7, zombie: false, folder: '/proc/41' }
    expect(processFrom(`41 (a) R 9 (b) S ${rest}`)).toEqual(one)
    expect(processFrom(`41 (a) Z ${rest}`)).toEqual({ ...one, threads: 6, zombie: true })
    expect(processFrom(`41 (a) Z ${rest.replace(' 7 ', ' 1 ')}`)).toMatchObject({ threads: 0 })
  })

  it('has what a process started, and what that started', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 30 & wait'], { stdio: 'ignore', detached: true })
    const pid = child.pid ?? 0
    onTestFinished(() => void process.kill(-pid, 'SIGKILL'))
    let tree = treeOf(pid, await allProcesses())
    for (let tries = 0; tries < 200 && tree.length < 2; tries++) tree = treeOf(pid, await allProcesses())
    expect(tree.map(({ parent }) => parent).slice(1)).toEqual([pid])
    expect(await memoryOf(tree)).toBeGreaterThan(0)
    expect(await memoryOf(tree)).toBeLessThan(64 * MiB)
    expect(await memoryAtMost(tree)).toBeGreaterThanOrEqual(await memoryOf(tree))
  })

  it('has what goes on where the first thread of a process has ended', async () => {
    // The call that ends a thread alone.
    const exit = process.arch === 'arm64' ? 93 : 60
    const held = join(temporaryFolder(), 'held')
    const script = `use threads;
      threads->create(sub {
        open(my $file, '>', $ARGV[0]); unlink $ARGV[0]; syswrite($file, 'x' x (4 * ${MiB}));
        my $held = 'x' x (64 * ${MiB});
        system('sleep 30; true') });
      select(undef, undef, undef, 0.3);
      syscall(${exit}, 0)`
    const mark = `test-${process.pid}`
    const env = { PATH: '/usr/bin:/bin', [FOLDER_MARK]: mark, [LAUNCH_MARK]: 'launch' }
    const child = spawn('perl', ['-e', script, held], { stdio: 'ignore', detached: true, env })
    const pid = child.pid ?? 0
    onTestFinished(() => void process.kill(-pid, 'SIGKILL'))
    let tree: ProcessUse[] = []
    await until(async () => {
      tree = treeOf(pid, await allProcesses())
      return tree[0]?.zombie === true && tree.length === 3
    }, 'its first thread has ended')
    expect(tree[0]).toMatchObject({ pid, threads: 1 })
    expect(await memoryAtMost(tree)).toBeGreaterThan(64 * MiB)
    expect(await memoryOf(tree)).toBeGreaterThan(64 * MiB)
    // It goes on, and so does what belongs to it.
    expect(processAt(pid)).toMatchObject({ dead: false })
    expect(markedProcesses(mark).get('launch')).toContain(pid)
    const { bytes, whole } = await removedFilesOf(tree, await disksOf([dirname(held)]))
    expect(bytes).toBeGreaterThanOrEqual(4 * MiB)
    expect(whole).toBe(true)
  })
})

it('a plain process that says nothing for too long ends as idle, and no other limit is taken', async () => {
  const executor = testExecutor(temporaryFolder())
  onTestFinished(() => executor.close?.())
  const spec = { argv: ['/bin/sh', '-c', 'echo a; sleep 30'], env: {}, cwd: '/', mounts: [] }
  await executor.launch(idOf('idle'), { ...spec, limits: { idleMs: 200 } })
  for await (const event of executor.events(undefined))
    if (event.state.state === 'exited') {
      expect(event.state.exit).toMatchObject({ reason: 'idle', outputBytes: 2 })
      break
    }
  for (const limits of [{ cpu: 1 }, { memoryBytes: MiB }, { pids: 5 }, { diskBytes: MiB }])
    await expect(executor.launch(idOf('other'), { ...spec, limits })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
