import { sleep } from '@seamark/kit'
import { docker, startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { mkdtempSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerExecutor, type DockerExecutor } from '../src/index.ts'
import { endOf, newId, read, shell } from './support/see.ts'

let engine: DockerEngine & RunningServer
// Garbage is no memory that is held.
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-away-')))
const opened: DockerExecutor[] = []
let count = 0

/** A function that opens executors of one deployment, each as another service would. */
function services(): () => DockerExecutor {
  const deployment = `away-${++count}`
  return () => {
    const executor = dockerExecutor({ socketPath: engine.socketPath, image: engine.image, deployment })
    opened.push(executor)
    return executor
  }
}

beforeAll(async () => {
  engine = await startDocker()
}, 60_000)
afterAll(async () => {
  for (const executor of opened) await executor.close?.()
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

describe('two services', () => {
  it('that launch the same id at once start one program', async () => {
    const open = services()
    const [a, b] = [open(), open()]
    const mounts = [{ source: folder, target: '/seen', mode: 'read-write' as const }]
    for (let round = 0; round < 5; round++) {
      const id = newId(a)
      const spec = shell(`echo x >> /seen/${id}`, { mounts })
      await Promise.all([a, b, a, b].map((executor) => executor.launch(id, spec)))
      const [first, second] = await Promise.all([endOf(a, id), endOf(b, id)])
      expect([first.code, second]).toEqual([0, first])
      await b.launch(id, spec)
      expect(readFileSync(join(folder, id), 'utf8')).toBe('x\n')
    }
  })

  it('one of which reaps leave nothing that runs', async () => {
    const open = services()
    const [a, b] = [open(), open()]
    for (let round = 0; round < 8; round++) {
      const id = newId(a)
      const launch = a.launch(id, shell('sleep 60')).then(
        () => 'launched',
        (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : error),
      )
      await sleep(round * 12)
      await b.reap(id)
      expect(['launched', 'CONFLICT']).toContain(await launch)
      expect(await b.attach(id)).toEqual({ state: 'unknown' })
      await expect(a.launch(id, shell('true'))).rejects.toMatchObject({ code: 'CONFLICT' })
    }
    const left: string[] = []
    for await (const { launchId } of a.list()) left.push(launchId)
    expect(left).toEqual([])
  })

  it('take over what one left between creating and starting', async () => {
    const executor = services()()
    const id = newId(executor)
    const name = `seamark.away-${count}.docker.${id}`
    await docker(engine, 'create', '--name', name, '--entrypoint', '/bin/false', engine.image)
    expect(await executor.attach(id)).toEqual({ state: 'unknown' })
    await executor.launch(id, shell('exit 7'))
    expect((await endOf(executor, id)).code).toBe(7)
  })
})

describe('a service that comes back', () => {
  it('knows why an attempt was killed', async () => {
    const open = services()
    const before = open()
    const id = newId(before)
    await before.launch(id, shell('sleep 60'))
    await before.kill(id)
    await before.close?.()
    expect((await endOf(open(), id)).reason).toBe('killed')
  })

  it('finds ended at its time what went on, whatever it tried against that', async () => {
    const open = services()
    const before = open()
    const [runs, tries, within] = [newId(before), newId(before), newId(before)]
    const hostile = `trap '' TERM HUP INT; (exec 3<>/proc/1/mem) 2> /dev/null && exit 66
      for signal in KILL STOP TERM; do kill -s $signal 1; done; (setsid sleep 600 &); sleep 600; sleep 600`
    await before.launch(runs, shell('sleep 600', { timeoutMs: 500 }))
    await before.launch(tries, shell(hostile, { timeoutMs: 500 }))
    await before.launch(within, shell('sleep 1', { timeoutMs: 600_000 }))
    await before.close?.()
    // The engine alone is asked.
    await docker(engine, 'wait', ...[runs, tries, within].map((id) => `seamark.away-${count}.docker.${id}`))
    const after = open()
    expect(await endOf(after, within)).toMatchObject({ reason: 'exited', code: 0 })
    for (const id of [runs, tries]) {
      const exit = await endOf(after, id)
      expect(exit).toMatchObject({ reason: 'timeout', signal: 'SIGKILL' })
      expect(exit.endedAt - exit.startedAt).toBeGreaterThanOrEqual(500)
    }
  })

  it('holds to its output what went on, and cuts it at the limit', async () => {
    const open = services()
    const before = open()
    const [runs, ended] = [newId(before), newId(before)]
    await before.launch(runs, shell('sleep 1; while :; do echo 0123456789; done', { maxOutputBytes: 10_000 }))
    await before.launch(ended, shell('sleep 1; seq 100000; seq 10 >&2', { maxOutputBytes: 10_000 }))
    await before.close?.()
    await sleep(2500)
    const after = open()
    for (const id of [runs, ended]) {
      expect(await endOf(after, id)).toMatchObject({ reason: 'output', outputBytes: 10_000 })
      expect((await read(after, id)).length + (await read(after, id, 'stderr')).length).toBe(10_000)
    }
  })

  it('holds to disk, processes and silence what went on', async () => {
    const open = services()
    const before = open()
    const mounts = [{ source: folder, target: '/seen', mode: 'read-write' as const }]
    const scripts = {
      idle: ['sleep 60', { idleMs: 800 }],
      disk: ['sleep 1; head -c 9000000 /dev/zero > /seen/big; sleep 60', { diskBytes: 1_000_000 }],
      pids: ['sleep 1; (while :; do sleep 60 & done) 2> /dev/null; sleep 60', { pids: 12 }],
    } as const
    const ids = new Map<string, string>()
    for (const [name, [script, limits]] of Object.entries(scripts)) {
      const id = newId(before)
      ids.set(name, id)
      await before.launch(id, shell(script, { mounts, limits }))
    }
    await before.close?.()
    await sleep(1500)
    const after = open()
    for (const [name, id] of ids) expect([name, (await endOf(after, id)).reason]).toEqual([name, name])
  })

  it('bounds the log of what floods', async () => {
    const open = services()
    const before = open()
    const id = newId(before)
    // Empty lines take the most room in the log for a byte.
    await before.launch(id, shell('sleep 1; yes "" | head -c 3000000', { maxOutputBytes: 10_000 }))
    await before.close?.()
    await sleep(8000)
    const container = (await docker(engine, 'ps', '-aq', '--no-trunc', '--filter', `name=${id}`)).trim()
    const logs = join(engine.dir, 'data', 'containers', container, 'local-logs')
    const { size } = statSync(join(logs, 'container.log'))
    expect(size).toBeLessThan(2 * (10_000 * 64 + 1024 ** 2))
    expect(await endOf(open(), id)).toMatchObject({ reason: 'output', outputBytes: 10_000 })
  })
})

describe('input', () => {
  const codeOf = (call: Promise<unknown> | undefined) =>
    (call ?? Promise.resolve()).then(
      () => 'sent',
      (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : error),
    )
  const mounts = [{ source: folder, target: '/seen', mode: 'read-write' as const }]

  it('arrives whole and in order, also from a service that comes back, and waits for a program that is slow', async () => {
    const open = services()
    const before = open()
    const id = newId(before)
    const size = 4_000_003
    const script = `head -c 3 > /seen/first; while [ ! -e /seen/go ]; do sleep 0.02; done; head -c ${size} > /seen/rest`
    await before.launch(id, shell(script, { mounts, stdin: 'pipe' }))
    await before.send?.(id, Buffer.from('one'))
    await before.close?.()
    const after = open()
    const parts = [Buffer.alloc(2_000_000, 'ab'), Buffer.from('mid'), Buffer.alloc(2_000_000, 'cd')]
    const sending = parts.map((part) => codeOf(after.send?.(id, part)))
    // Nobody reads, and no buffer on the way holds so much.
    expect(await Promise.race([sending[0], sleep(300).then(() => 'waits')])).toBe('waits')
    writeFileSync(join(folder, 'go'), '')
    expect(await Promise.all(sending)).toEqual(['sent', 'sent', 'sent'])
    expect((await endOf(after, id)).code).toBe(0)
    expect(readFileSync(join(folder, 'first'), 'utf8')).toBe('one')
    expect(readFileSync(join(folder, 'rest')).equals(Buffer.concat(parts))).toBe(true)
  })

  it('is refused where nothing takes it, and given up when the program ends or somebody says so', async () => {
    const open = services()
    const executor = open()
    const [without, reads] = [newId(executor), newId(executor)]
    await executor.launch(without, shell('sleep 600'))
    await executor.launch(reads, shell('sleep 600', { stdin: 'pipe' }))
    const much = Buffer.alloc(2_000_000)
    expect(await codeOf(executor.send?.(newId(executor), much))).toBe('NOT_FOUND')
    expect(await codeOf(executor.send?.(without, much))).toBe('CONFLICT')
    const stop = new AbortController()
    const stopped = codeOf(executor.send?.(reads, much, { signal: stop.signal }))
    await sleep(100)
    stop.abort()
    expect(await stopped).toBe('ABORTED')
    const other = open()
    const left = codeOf(other.send?.(reads, much))
    await sleep(100)
    await other.close?.()
    expect(await left).toBe('ABORTED')
    const late = codeOf(executor.send?.(reads, much))
    await executor.kill(reads)
    expect(await late).toBe('CONFLICT')
    expect(await codeOf(executor.send?.(reads, much))).toBe('CONFLICT')
    await executor.kill(without)
  })
})

describe('output', () => {
  it('of any size takes little memory, however slowly it is read', async () => {
    const executor = services()()
    const id = newId(executor)
    await executor.launch(id, shell('head -c 60000000 /dev/zero | tr "\\0" x'))
    // The second collection waits for the buffers that the first one found.
    const held = () => (collect(), collect(), process.memoryUsage().arrayBuffers)
    const before = held()
    let [most, bytes, looked] = [0, 0, 0]
    for await (const chunk of executor.output(id, 'stdout', 1000)) {
      if (bytes < 100_000) await sleep(50)
      bytes += chunk.byteLength
      if (bytes - looked < 1_000_000) continue
      looked = bytes
      most = Math.max(most, held() - before)
    }
    expect(bytes).toBe(60_000_000 - 1000)
    expect(most).toBeLessThan(8 * 1024 ** 2)
    expect((await endOf(executor, id)).outputBytes).toBe(60_000_000)
  })
})

describe('an engine that is away', () => {
  it('is told, and what it kept is there when it is back', async () => {
    const open = services()
    const executor = open()
    const [ended, running] = [newId(executor), newId(executor)]
    const [gone, waits] = [newId(executor), newId(executor)]
    await executor.launch(ended, shell('echo kept; exit 3'))
    const exit = await endOf(executor, ended)
    await executor.launch(running, shell('sleep 600'))
    await executor.launch(gone, shell('true'))
    await executor.reap(gone)
    const told: string[] = []
    const stop = new AbortController()
    const follow = async () => {
      for await (const { launchId, state } of executor.events(undefined, { signal: stop.signal }))
        told.push(`${launchId} ${state.state}`)
    }
    const following = follow()
    await engine.restart(async () => {
      await expect(executor.attach(ended)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await executor.launch(waits, shell('exit 4'))).toMatchObject({
        outcome: 'refused',
        problem: { code: 'UNAVAILABLE', remedy: expect.any(String) },
      })
      expect(await executor.unavailable?.()).toMatchObject({ code: 'UNAVAILABLE', remedy: expect.any(String) })
    })
    const after = open()
    for (const each of [executor, after]) {
      expect(await each.attach(ended)).toEqual({ state: 'exited', exit })
      expect(await read(each, ended)).toBe('kept\n')
      expect(await endOf(each, running)).toMatchObject({ reason: 'interrupted', detail: expect.any(String) })
      await expect(each.launch(gone, shell('true'))).rejects.toMatchObject({ code: 'CONFLICT' })
    }
    expect(await executor.attach(waits)).toEqual({ state: 'unknown' })
    await executor.launch(waits, shell('exit 4'))
    expect(await endOf(executor, waits)).toMatchObject({ code: 4 })
    for (let n = 0; n < 200 && !told.includes(`${running} exited`); n++) await sleep(50)
    expect(told).toContain(`${running} exited`)
    stop.abort()
    await expect(following).rejects.toMatchObject({ code: 'ABORTED' })
  }, 90_000)
})
