import type { Mount } from '@seamark/core'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sandboxExecutor } from '../src/index.ts'
import { see } from './support/see.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-refused-'))
const executor = sandboxExecutor({ dir, graceMs: 100 })
afterAll(async () => {
  await executor.close?.()
  await rm(dir, { recursive: true, force: true })
})

const cwd = '/workspace'

/** A folder that is read-only but for `src`. */
function workspace(): Mount[] {
  const made = mkdtempSync(join(dir, 'workspace-'))
  mkdirSync(join(made, 'src'))
  mkdirSync(join(made, 'docs'))
  for (const file of ['a', 'docs/b', 'src/c']) writeFileSync(join(made, file), 'x')
  return [
    { source: made, target: cwd, mode: 'read-only' },
    { source: join(made, 'src'), target: `${cwd}/src`, mode: 'read-write' },
  ]
}

const run = (script: string, more: object = {}) =>
  see(executor, script, { cwd, mounts: workspace(), tellRefusedWrites: cwd, ...more })

const refused = async (script: string) => (await run(script)).exit.refusedWrites

describe('a write that the mounts refuse', () => {
  it.each([
    ['to a file', 'echo x > a', ['/workspace/a']],
    ['to a new file', 'echo x >> new', ['/workspace/new']],
    ['by its whole path', 'echo x > /workspace/docs/new', ['/workspace/docs/new']],
    ['from another folder', 'cd src; echo x > ../docs/b', ['/workspace/docs/b']],
    ['by a link', 'ln -s ../a src/l; echo x > src/l', ['/workspace/a']],
    ['by a link to a folder', 'ln -s .. src/up; echo x > src/up/docs/new', ['/workspace/docs/new']],
    ['of a folder', 'mkdir new', ['/workspace/new']],
    ['of a link', 'ln -s a new', ['/workspace/new']],
    ['of a pipe', 'mkfifo new', ['/workspace/new']],
    ['by a removal', 'rm -f a', ['/workspace/a']],
    ['by a removal of a folder', 'rmdir docs', ['/workspace/docs']],
    ['by a rename', 'mv a b', ['/workspace/a']],
    ['by a rename over it', 'perl -e "rename q(src/c), q(a)"', ['/workspace/a']],
    ['by its mode', 'chmod 777 a', ['/workspace/a']],
    ['by its length', `perl -e 'truncate(q(a), 0)'`, ['/workspace/a']],
    ['through an open folder', `exec 3< docs; echo x > /proc/self/fd/3/new`, ['/workspace/docs/new']],
    ['through its own folder', 'echo x > /proc/self/cwd/a', ['/workspace/a']],
    ['by a thread', `perl -e 'use threads; threads->create(sub { open(my $f, ">", "a") })->join'`, ['/workspace/a']],
  ])('is told: %s', async (_, script, paths) => {
    const found = await refused(`${script}; exit 0`)
    expect(found?.paths).toEqual(paths)
    expect(found?.count).toBeGreaterThan(0)
  })

  it('is counted each time, with eight paths', async () => {
    const found = await refused('for n in 0 1 2 3 4 5 6 7 8 9; do echo x > n$n; echo x > n$n; done; exit 0')
    expect(found).toEqual({ count: 20, paths: [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `/workspace/n${n}`) })
  })

  it('is told of a program that was killed', async () => {
    const { exit } = await run('echo x > a; echo x > a; echo x > b; exec sleep 60', { timeoutMs: 500 })
    expect(exit).toMatchObject({
      reason: 'timeout',
      refusedWrites: { count: 2, paths: ['/workspace/a', '/workspace/b'] },
    })
  })

  it('is cut where its path is long, and has nothing that can not be seen', async () => {
    const long = 'n'.repeat(200)
    const found = await refused(
      `mkdir -p src/${long}/${long} && cd src/${long}/${long}; echo x > "/workspace/$(printf 'b\\033[1m')"; exit 0`,
    )
    expect(found?.paths).toEqual(['/workspace/b [1m'])
    const name = 'd'.repeat(250)
    const deep = mkdtempSync(join(dir, 'deep-'))
    mkdirSync(join(deep, name, name), { recursive: true })
    const { exit } = await see(executor, `echo x > ${name}/${name}/f; exit 0`, {
      cwd,
      mounts: [{ source: deep, target: cwd, mode: 'read-only' }],
      tellRefusedWrites: cwd,
    })
    expect(exit.refusedWrites?.paths).toEqual([`/workspace/${name}/${name}`.slice(0, 399) + '…'])
  })
})

describe('nothing is told', () => {
  it.each([
    ['of what may be written', 'echo x > src/new; mkdir src/d; mv src/new src/d; rm -r src/d; echo x > /tmp/y'],
    ['of what is only read', 'cat a docs/b src/c; ls; test -w a; perl -e "open(my \\$f, q(<), q(a))"'],
    ['of folders that are there', 'mkdir -p src docs'],
    ['of what is not there', 'rm -f none; cat none'],
    ['of other places', 'echo x > /usr/x; rm -f /etc/passwd; echo x > /workspaces; mkdir /workspace2'],
  ])('%s', async (_, script) => {
    expect(await refused(`${script}; exit 0`)).toBeUndefined()
  })

  it('where it was not asked for', async () => {
    expect((await run('echo x > a; exit 0', { tellRefusedWrites: undefined })).exit.refusedWrites).toBeUndefined()
  })
})

describe('a program that is asked about', () => {
  it('goes on as it was, whatever it is at', async () => {
    const signals = `perl -e '
      use POSIX; use Time::HiRes qw(setitimer ITIMER_REAL);
      sigaction(SIGALRM, POSIX::SigAction->new(sub { $n++ }, POSIX::SigSet->new, SA_RESTART)); setitimer(ITIMER_REAL, 0.0005, 0.0005);
      for (1..2000) { sysopen(my $f, "src/c", O_WRONLY) or die; sysopen(my $g, "a", O_WRONLY) and die }
      setitimer(ITIMER_REAL, 0); print "done"'`
    const { out, exit } = await run(signals)
    expect([out, exit.code]).toEqual(['done', 0])
    expect(exit.refusedWrites?.paths).toEqual(['/workspace/a'])
    expect(exit.refusedWrites?.count).toBeGreaterThanOrEqual(2_000)
  })

  it('may be many', async () => {
    const many = `perl -e '
      for my $n (1..100) { if (!fork) { for (1..50) { open(my $f, ">", "src/f$n"); open($f, ">", "a") } exit } }
      1 while wait > 0; print "done"'`
    const { out, exit } = await run(many)
    expect(out).toBe('done')
    expect(exit).toMatchObject({ code: 0, refusedWrites: { count: 5_000, paths: ['/workspace/a'] } })
    expect(exit.left).toEqual({ processes: 0, names: [] })
  })

  it.each([
    [
      'is killed while it is',
      `perl -e 'fork; fork; 1 while open(my $f, ">", "a") || 1' & sleep 0.2; kill -KILL $!; exit 0`,
    ],
    ['ends while others are', `perl -e 'fork; fork; 1 while open(my $f, ">", "a") || 1' & sleep 0.2; exit 0`],
    ['takes descriptors from the first process', 'prlimit --pid 1 --nofile=0:0; echo x > src/d; exit 0'],
    ['stops it', 'kill -STOP 1; kill -KILL 1; echo x > a; exit 0'],
    ['gives it paths that are none', `perl -e 'syscall(257, -100, 1, 1); syscall(257, 99, 4096, 1); exit 0'`],
  ])('ends all the same where it %s', async (_, script) => {
    const { exit } = await run(script, { timeoutMs: 30_000 })
    expect(exit).toMatchObject({ reason: 'exited', code: 0 })
  })
})
