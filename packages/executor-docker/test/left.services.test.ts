import { throughForwarder, forwarderProgram } from '@seamark/forwarder'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { chmodSync, copyFileSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerExecutor, type DockerExecutor, type DockerExecutorOptions } from '../src/index.ts'
import { endOf, newId, read, see, shell } from './support/see.ts'

let engine: DockerEngine & RunningServer
let executor: DockerExecutor
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-left-')))
chmodSync(folder, 0o755)
const open = (more: Partial<DockerExecutorOptions> = {}): DockerExecutor =>
  dockerExecutor({ socketPath: engine.socketPath, image: engine.image, deployment: 'left', ...more })

beforeAll(async () => {
  engine = await startDocker()
  executor = open({ limits: { pids: 3_000 } })
}, 60_000)
afterAll(async () => {
  await executor.close?.()
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const NONE = { processes: 0, names: [] }
/** Waits until a process has become another program. */
const became = (name: string) => `until grep -qsx ${name} /proc/[0-9]*/comm; do :; done`
const sleeps = `sleep 60 & ${became('sleep')}`
const left = { processes: 1, names: ['sleep'] }

describe('an end', () => {
  it.each([
    ['exit 7', { reason: 'exited', code: 7 }],
    ['exit 137', { reason: 'exited', code: 137 }],
    ['exit 139', { reason: 'exited', code: 139 }],
    ['kill -SEGV $$', { reason: 'signaled', signal: 'SIGSEGV' }],
    ['kill -KILL $$', { reason: 'signaled', signal: 'SIGKILL' }],
  ])('is told as it was, with nothing left: %s', async (script, end) => {
    const { exit, out, err } = await see(executor, `echo said >&2; ${script}`)
    expect(exit).toMatchObject({ ...end, left: NONE, outputBytes: 5 })
    expect([out, err]).toEqual(['', 'said\n'])
  })

  it('is no part of the output of whoever reads it as it comes', async () => {
    const id = newId(executor)
    await executor.launch(id, shell(`${sleeps}; printf 'a\\0' >&2; sleep 0.3; printf '\\0b\\0' >&2; exit 0`))
    expect(await Promise.all([read(executor, id, 'stderr'), read(executor, id)])).toEqual(['a\0\0b\0', ''])
    expect(await endOf(executor, id)).toMatchObject({ outputBytes: 5, left })
  })

  it('that somebody brought about says nothing of it', async () => {
    const id = newId(executor)
    await executor.launch(id, shell(`${sleeps}; sleep 60`))
    await executor.kill(id)
    const exit = await endOf(executor, id)
    expect(exit).toMatchObject({ reason: 'killed' })
    expect(exit.left).toBeUndefined()
  })
})

describe('what a program leaves running', () => {
  it.each([
    ['in the background', `${sleeps}; exit 0`, left],
    ['in a session of its own', `(setsid sleep 60 &); ${became('sleep')}; exit 3`, left],
    [
      'after two forks, deaf to signals',
      `(setsid sh -c 'trap "" HUP TERM INT; sleep 60; :' &); ${became('sleep')}; exit 0`,
      { processes: 2, names: ['sh', 'sleep'] },
    ],
    ['stopped', `${sleeps}; kill -STOP $!; exit 0`, left],
    ['with an end by SIGKILL', `${sleeps}; kill -KILL $$`, left],
    ['with all output closed', `${sleeps}; exec 0<&- 1>&- 2>&-; exit 0`, left],
  ])('is counted and named: %s', async (_, script, what) => {
    expect((await see(executor, script)).exit.left).toEqual(what)
  })

  it('is thousands', async () => {
    const script = 'i=0; while [ $i -lt 2000 ]; do sleep 60 & i=$((i + 1)); done; exit 4'
    const { exit } = await see(executor, script)
    expect(exit).toMatchObject({ code: 4, left: { processes: 2_000 } })
  })

  it('is a fork bomb at the limit of processes', async () => {
    const bomb = open({ deployment: 'bomb', limits: { pids: 50 } })
    const { exit } = await see(bomb, `b() { b & b & }; (b 2> /dev/null &); sleep 0.5; exit 0`)
    expect(exit.left?.processes).toBeLessThan(50)
    await bomb.close?.()
  })

  it('is not what the forwarder leaves', async () => {
    const source = join(folder, 'forward')
    copyFileSync(forwarderProgram(), source)
    const mounts = [{ source, target: '/run/seamark-forward', mode: 'read-only' as const }]
    const through = async (script: string) => {
      const inside = { program: '/run/seamark-forward', port: 3_128, socket: '/run/none.sock' }
      const { exit } = await see(executor, '', { argv: throughForwarder(['sh', '-c', script], inside), mounts })
      return exit
    }
    expect(await through('exit 6')).toMatchObject({ code: 6, left: NONE })
    expect((await through(`${sleeps}; exit 0`)).left).toEqual(left)
    expect((await through('/run/seamark-forward 3129 /run/none.sock -- true; exit 0')).left).toEqual({
      processes: 1,
      names: ['seamark-forward'],
    })
  })

  it('has names that no reader is led astray by', async () => {
    const names = ['a) Z 1 1', 'b\\nb', 'c\\033[31m', 'left', '{"x":1}']
    const each = names.map((name) => `sh -c 'printf "${name.replaceAll('"', '\\"')}" > /proc/$$/comm; sleep 60; :' &`)
    const many = 'until [ "$(cat /proc/[0-9]*/comm | grep -cx sleep)" = 5 ]; do :; done'
    const { exit } = await see(executor, `${each.join('\n')}\n${many}; kill -KILL $(cat /tmp/none 2> /dev/null) $$`)
    expect(exit.left?.processes).toBe(10)
    for (const name of exit.left?.names ?? []) expect(name).toMatch(/^[ -~]+$/)
  })

  it('is told by a service that comes back', async () => {
    const before = open({ deployment: 'back' })
    const id = newId(before)
    await before.launch(id, shell(`${sleeps}; sleep 0.5; printf out; printf err >&2; exit 5`, { maxOutputBytes: 6 }))
    await before.close?.()
    const after = open({ deployment: 'back' })
    expect(await endOf(after, id)).toMatchObject({ reason: 'exited', code: 5, outputBytes: 6, left })
    expect([await read(after, id), await read(after, id, 'stderr')]).toEqual(['out', 'err'])
    await after.close?.()
  })
})

describe('a program that would not have it told', () => {
  it.each([
    // The keeper passes on what it gets.
    ['kills the keeper', 'trap "" SEGV; kill -KILL 1; kill -STOP 1; kill -SEGV 1; exit 0'],
    ['writes to what the keeper has open', 'for n in 0 1 2 3 4 5 6 7; do echo x > /proc/1/fd/$n; done; exit 0'],
    ['writes to its memory', 'echo x > /proc/1/mem; exit 0'],
    ['takes it for a bad one', 'echo 1000 > /proc/1/oom_score_adj; exit 0'],
    ['fills its output', 'yes 0123456789 | head -c 300000 >&2; exit 0'],
  ])('does not keep it from being told: it %s', async (_, script) => {
    const { exit } = await see(executor, `${sleeps}; ${script}`)
    expect(exit).toMatchObject({ reason: 'exited', code: 0, left })
  })

  it('does not find the watchword', async () => {
    const id = newId(executor)
    const look =
      'env; for at in environ cmdline mem maps auxv; do cat /proc/1/$at; cat /proc/self/$at; done 2>&1; exit 0'
    await executor.launch(id, shell(look))
    await endOf(executor, id)
    expect(await read(executor, id)).not.toContain('SEAMARK_WATCHWORD')
  })

  it('can not have the variable of the watchword', async () => {
    const launch = executor.launch(newId(executor), shell('true', { env: { SEAMARK_WATCHWORD: 'a' } }))
    await expect(launch).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('by breaking its limit of memory is told as that', async () => {
    const limits = { memoryBytes: 64 * 1024 ** 2 }
    const { exit } = await see(executor, `${sleeps}; x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo \${#x}`, { limits }) // prettier-ignore
    expect(exit.reason).toBe('memory')
  })

  it('under another runtime has nothing told', async () => {
    const gvisor = open({ runtime: 'runsc', deployment: 'gvisor' })
    const { exit, err } = await see(gvisor, 'sleep 60 & echo said >&2; exit 5')
    expect([exit.code, exit.left, err]).toEqual([5, undefined, 'said\n'])
    await gvisor.close?.()
  })
})
