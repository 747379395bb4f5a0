import { forwarderProgram, throughForwarder } from '@seamark/forwarder'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { firstProgram } from '../src/first.ts'
import { sandboxExecutor } from '../src/index.ts'
import { see } from './support/see.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-left-'))
const executor = sandboxExecutor({ dir, graceMs: 100 })
afterAll(async () => {
  await executor.close?.()
  await rm(dir, { recursive: true, force: true })
})

const NONE = { processes: 0, names: [] }
/** Waits until a process has become another program. */
const became = (name: string) => `until grep -qsx ${name} /proc/[0-9]*/comm; do :; done`

describe('an end', () => {
  it.each([
    ['exit 0', { reason: 'exited', code: 0 }],
    ['exit 7', { reason: 'exited', code: 7 }],
    ['exit 137', { reason: 'exited', code: 137 }],
    ['exit 139', { reason: 'exited', code: 139 }],
    ['kill -SEGV $$', { reason: 'signaled', signal: 'SIGSEGV' }],
    ['kill -KILL $$', { reason: 'signaled', signal: 'SIGKILL' }],
    ['sh -c "kill -SEGV \\$\\$"; exit 0', { reason: 'exited', code: 0 }],
  ])('is told as it was, with nothing left: %s', async (script, end) => {
    const { exit } = await see(executor, script)
    expect({ ...exit, ...end }).toEqual(exit)
    expect(exit.left).toEqual(NONE)
  })

  it('is none of a program that was never there', async () => {
    const { exit } = await see(executor, '', { argv: ['absent'] })
    expect(exit).toMatchObject({ reason: 'not-started', detail: 'ENOENT: no such program: absent' })
    expect(exit.left).toBeUndefined()
    expect((await see(executor, '', { argv: ['/usr'] })).detail).toMatch(/^EACCES: /)
  })

  it('is that of a script without a first line that names its shell', async () => {
    const script =
      'printf "echo ran \\$1; exit 5" > /tmp/script; chmod 755 /tmp/script; exec perl -e "exec @ARGV" -- true'
    expect((await see(executor, script)).code).toBe(0)
    const made = mkdtempSync(join(dir, 'script-'))
    const mounts = [{ source: made, target: '/tmp/made', mode: 'read-write' as const }]
    await see(executor, 'printf "echo ran \\$1; exit 5" > /tmp/made/script; chmod 755 /tmp/made/script', { mounts })
    const { code, out } = await see(executor, '', { argv: ['/tmp/made/script', 'it'], mounts })
    expect([code, out]).toEqual([5, 'ran it\n'])
  })
})

describe('what a program leaves running', () => {
  it.each([
    ['in the background', `sleep 60 & ${became('sleep')}; exit 0`, { processes: 1, names: ['sleep'] }],
    ['in a session of its own', `(setsid sleep 60 &); ${became('sleep')}; exit 3`, { processes: 1, names: ['sleep'] }],
    [
      'after two forks, deaf to signals',
      `(setsid sh -c 'trap "" HUP TERM INT; sleep 60; :' &); ${became('sleep')}; exit 0`,
      { processes: 2, names: ['sh', 'sleep'] },
    ],
    ['stopped', `sleep 60 & ${became('sleep')}; kill -STOP $!; exit 0`, { processes: 1, names: ['sleep'] }],
    ['with an end by SIGKILL', `sleep 60 & ${became('sleep')}; kill -KILL $$`, { processes: 1, names: ['sleep'] }],
    [
      'with all that it can stop stopped',
      `sleep 60 & ${became('sleep')}; kill -STOP -1; exit 0`,
      { processes: 1, names: ['sleep'] },
    ],
  ])('is counted and named: %s', async (_, script, left) => {
    expect((await see(executor, script)).exit.left).toEqual(left)
  })

  it('is nothing that has ended and was not waited for', async () => {
    const script = `perl -e 'exit if !fork; sleep 60' & until grep -qs "^State:.Z" /proc/[0-9]*/status; do :; done; exit 0`
    expect((await see(executor, script)).exit.left).toEqual({ processes: 1, names: ['perl'] })
  })

  it('is a process whose first thread has ended while others go on', async () => {
    // The call that ends a thread alone.
    const exit = process.arch === 'arm64' ? 93 : 60
    const thread = `use threads; threads->create(sub { sleep 60 })->detach; syscall(${exit}, 0)`
    const ended = 'until grep -qs "^State:.Z" /proc/[0-9]*/status; do :; done'
    expect((await see(executor, `perl -e '${thread}' & ${ended}; exit 0`)).exit.left).toMatchObject({ processes: 1 })
  })

  it('is thousands, with five names of them', async () => {
    const script = `pipe(my $all, my $one);
      for my $n (1..2000) { if (!fork) { $0 = "p$n"; syswrite($one, "x"); sleep 60; exit } }
      for (1..2000) { sysread($all, my $byte, 1) }
      exit 4`
    const { exit, code } = await see(executor, '', { argv: ['perl', '-e', script] })
    expect(code).toBe(4)
    expect(exit.left?.processes).toBe(2_000)
    expect(exit.left?.names).toHaveLength(5)
  })

  it('is not what the forwarder leaves, and is the same behind it', async () => {
    const source = join(dir, 'forward')
    copyFileSync(forwarderProgram(), source)
    const mounts = [{ source, target: '/run/seamark-forward', mode: 'read-only' as const }]
    const through = (script: string) =>
      see(executor, '', {
        argv: throughForwarder(['/bin/sh', '-c', script], {
          program: '/run/seamark-forward',
          port: 3_128,
          socket: '/run/none.sock',
        }),
        mounts,
      })
    expect((await through('exit 6')).exit).toMatchObject({ code: 6, left: NONE })
    expect((await through(`sleep 60 & ${became('sleep')}; exit 0`)).exit.left).toEqual({
      processes: 1,
      names: ['sleep'],
    })
    // Another one, which the program started itself, is none of ours.
    const again = '/run/seamark-forward 3129 /run/none.sock -- true; exit 0'
    expect((await through(again)).exit.left).toEqual({ processes: 1, names: ['seamark-forward'] })
    expect((await see(executor, again, { mounts })).exit.left).toEqual({ processes: 1, names: ['seamark-forward'] })
  })
})

describe('a program that would not have it told', () => {
  const left = { processes: 1, names: ['sleep'] }
  const withSleep = (script: string) => see(executor, `sleep 60 & ${became('sleep')}; ${script}`)

  it.each([
    ['kills the first process', 'kill -KILL 1; kill -STOP 1; kill -TERM 1; kill -SEGV 1; exit 0'],
    [
      'writes to what the first process has open',
      'for n in 0 1 2 3 4 5 6 7 8 9; do echo x > /proc/1/fd/$n; done; exit 0',
    ],
    ['writes to the memory of the first process', 'echo x > /proc/1/mem; exit 0'],
    ['takes the first process for a bad one', 'echo 1000 > /proc/1/oom_score_adj; exit 0'],
    ['closes all that it has', 'exec 0<&- 1>&- 2>&-; for n in 3 4 5 6 7 8 9; do eval "exec $n>&-"; done; exit 0'],
    ['takes bytes of files from the first process', 'prlimit --pid 1 --fsize=0:0 || exit 9; exit 0'],
    ['takes memory from the first process', 'prlimit --pid 1 --as=0:0 --stack=0:0 || exit 9; exit 0'],
    ['fills every folder', 'head -c 1G /dev/zero > /run/full; head -c 1G /dev/zero > /dev/shm/full; exit 0'],
  ])('does not keep it from being told: it %s', async (_, script) => {
    const { exit } = await withSleep(script)
    expect(exit).toMatchObject({ reason: 'exited', code: 0, left })
  })

  it('takes descriptors from the first process, and what is left is counted all the same', async () => {
    const { exit } = await withSleep('prlimit --pid 1 --nofile=0:0 || exit 9; exit 0')
    expect(exit).toMatchObject({ reason: 'exited', code: 0, left: { processes: 1, names: [] } })
  })

  it('takes all time from the first process, which the kernel then kills with all others: no end of its own is told', async () => {
    // It is killed when it is found at work, so it is given some.
    const work = 'n=0; while [ $n -lt 100000 ]; do (true &); n=$((n + 1)); done'
    const { exit } = await withSleep(`prlimit --pid 1 --cpu=0:0 || exit 9; ${work}; exit 0`)
    expect(exit).toMatchObject({ reason: 'signaled', signal: 'SIGKILL' })
    expect(exit.left).toBeUndefined()
  })

  it('can not see what the first process has open, its variables or its memory', async () => {
    const { out } = await see(
      executor,
      'for at in fd environ mem maps; do cat /proc/1/$at > /dev/null 2>&1 || ls /proc/1/$at/ 2>&1; done | wc -l; ls /proc/self/fd',
    )
    expect(out.trim().split('\n')).toEqual(['4', '0', '1', '2', '3'])
  })

  it('gives names that no reader is led astray by', async () => {
    const script = `use POSIX; my @names = ("a) Z 1 1", "b\\nb", "c\\e[31m", "d\\xff\\xfe", "\\xe2\\x80\\xaeevil");
      pipe(my $all, my $one);
      for my $name (@names) {
        if (fork) { sysread($all, my $byte, 1); next }
        open(my $own, ">", "/proc/self/comm"); syswrite($own, $name); close $own;
        syswrite($one, "x"); sleep 60; exit
      }
      POSIX::_exit(0)`
    const { exit } = await see(executor, '', { argv: ['perl', '-e', script] })
    expect(exit.left?.processes).toBe(5)
    // Some kernels write the end of a line as a backslash and a letter.
    const names = exit.left?.names.map((name) => name.replace('\\n', ' '))
    expect(new Set(names)).toEqual(new Set(['a) Z 1 1', 'b b', 'c [31m', 'd\uFFFD\uFFFD', 'evil']))
  })
})

describe('the first process', () => {
  it.each([
    ['', 'true'],
    [', and where a program takes its descriptors', 'prlimit --pid 1 --nofile=0:0 || exit 9'],
  ])('ends with whoever listens to it, also where the kernel was not told to end it%s', async (_, first) => {
    const line = [
      ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--as-pid-1', '--'],
      [firstProgram() ?? '', '3', '0', '--', 'sh', '-c', `trap "" HUP TERM; ${first}; echo ran; sleep 60`],
    ].flat()
    const child = spawn('bwrap', line, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    const ended = once(child, 'exit')
    if (child.stdout === null) throw new Error('there is no output')
    await once(child.stdout, 'data')
    child.stdio[3]?.destroy()
    expect(await ended).toEqual([137, null])
  })

  it('is started nowhere else, as it would kill all that it may', () => {
    const { status, stdout } = spawnSync(firstProgram() ?? '', ['3', '0', '--', 'echo', 'ran'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([125, ''])
  })
})

describe('the place of the first process', () => {
  it('can not be taken by a mount', async () => {
    const mounts = [{ source: dir, target: '/.seamark-first', mode: 'read-only' as const }]
    await expect(see(executor, 'true', { mounts })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
