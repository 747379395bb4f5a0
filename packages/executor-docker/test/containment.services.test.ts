import { docker, startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerExecutor, type DockerExecutor, type DockerExecutorOptions } from '../src/index.ts'
import { endOf, newId, see, shell } from './support/see.ts'

let engine: DockerEngine & RunningServer
let executor: DockerExecutor
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-containment-')))
chmodSync(folder, 0o755)
const open = (more: Partial<DockerExecutorOptions> = {}): DockerExecutor =>
  dockerExecutor({ socketPath: engine.socketPath, image: engine.image, deployment: 'containment', ...more })

beforeAll(async () => {
  engine = await startDocker()
  executor = open({ limits: { memoryBytes: 64 * 1024 ** 2, pids: 20, cpus: 0.5, tmpBytes: 1024 ** 2 } })
}, 60_000)
afterAll(async () => {
  await executor.close?.()
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

describe('an attempt', () => {
  it('has no privileges', async () => {
    const { out } = await see(
      executor,
      'id -u; grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status',
    )
    const [uid, ...lines] = out.trim().split('\n')
    expect(Number(uid)).toBeGreaterThan(0)
    expect(lines).toHaveLength(7)
    for (const line of lines) expect(line).toMatch(/^(Cap\w+:\s+0{16}|NoNewPrivs:\s+1|Seccomp:\s+2)$/)
    const { out: tried } = await see(
      executor,
      'for line in "mount -t tmpfs none /tmp" "umount /tmp" "unshare -r true" "hostname other"; do $line 2>/dev/null && echo "$line"; done; true',
    )
    expect(tried).toBe('')
  })

  it('writes nowhere but to /tmp, which is small', async () => {
    const { out, err } = await see(
      executor,
      'for p in / /bin /etc /home /dev /sys /proc/sys/kernel /var; do touch "$p/x" 2>/dev/null && echo "$p"; done; echo x > /tmp/x && echo tmp',
    )
    expect([out, err]).toEqual(['tmp\n', ''])
    const { exit } = await see(executor, 'dd if=/dev/zero of=/tmp/x bs=65536 count=64')
    expect(exit.code).not.toBe(0)
    // A folder that the image declares as a volume is in memory too.
    const declared = await see(executor, 'ls /declared; touch /declared/x && grep -c " /declared tmpfs " /proc/mounts')
    expect(declared.out).toBe('1\n')
  })

  it('has no network', async () => {
    const server = createServer((socket) => socket.end('host'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { out } = await see(
      executor,
      `ls /sys/class/net; for host in 127.0.0.1 169.254.169.254 10.0.0.1; do nc -w 1 $host ${port} < /dev/null && echo reached $host; done; true`,
    )
    server.close()
    expect(out).toBe('lo\n')
  })

  it('has the environment of its spec, and a HOME', async () => {
    const id = newId(executor)
    await executor.launch(id, { argv: ['/usr/bin/env', '-0'], env: { A: '1' }, cwd: '/', mounts: [] })
    await endOf(executor, id)
    const chunks: Uint8Array[] = []
    for await (const chunk of executor.output(id, 'stdout', 0)) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString().split('\0').slice(0, -1).toSorted()).toEqual(['A=1', 'HOME=/'])
  })

  it('sees its own processes only', async () => {
    const { out } = await see(executor, 'ls /proc | grep -c "^[0-9]*$"')
    expect(Number(out)).toBeLessThan(8)
  })

  it('ends with the reason memory past its limit', async () => {
    const { exit } = await see(executor, 'x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo ${#x}')
    expect(exit.reason).toBe('memory')
  })

  it('can not start more processes than its limit', async () => {
    const { out } = await see(
      executor,
      'for i in $(seq 40); do sleep 5 & done 2>/dev/null; ls /proc | grep -c "^[0-9]*$"',
    )
    expect(out === '' || Number(out) <= 20).toBe(true)
    const processes = await see(
      executor,
      'echo $(grep -h . /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null)',
    )
    expect(processes.out).toBe('20\n')
  })

  it('gets no more than its share of the cores', async () => {
    const { out } = await see(executor, 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null')
    expect(out).toMatch(/^50000( 100000)?\n$/)
  })
})

describe('another runtime', () => {
  it('runs attempts, and nothing is claimed of it as tested', async () => {
    const gvisor = open({ runtime: 'runsc', deployment: 'gvisor' })
    expect(await gvisor.unavailable?.()).toBeUndefined()
    expect(gvisor.guarantees.isolation).toEqual({ value: 'container', proof: 'unproven' })
    const { cpu, memory, pids, wallClock } = gvisor.guarantees.limits
    expect([cpu, memory, pids].map(({ value }) => value)).toEqual(['none', 'none', 'none'])
    expect(wallClock).toEqual({ value: 'watched', proof: 'unproven' })
    const { exit, out, err } = await see(gvisor, 'id -u; cat /proc/version; echo said >&2; exit 5')
    expect([exit.code, err]).toEqual([5, 'said\n'])
    // The kernel that gVisor shows, not the machine's.
    expect(out).toMatch(/^[1-9]\d*\nLinux version 4\.4\.0 /)
    await gvisor.close?.()
  })
})

describe('a mount', () => {
  const mountOf = (source: string) => ({ mounts: [{ source, target: '/seen', mode: 'read-only' as const }] })
  const codeOf = async (source: string) => {
    const id = newId(executor)
    try {
      await executor.launch(id, shell('true', mountOf(source)))
      return 'launched'
    } catch (error) {
      expect(await executor.attach(id)).toEqual({ state: 'unknown' })
      return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
    }
  }

  it('never leads to the engine', async () => {
    const link = join(folder, 'link')
    symlinkSync(engine.socketPath, link)
    const way = join(folder, 'way')
    symlinkSync(engine.dir, way)
    // Another name of the same socket.
    const second = join(engine.dir, 'second.sock')
    linkSync(engine.socketPath, second)
    const data = join(engine.dir, 'data')
    for (const source of [
      engine.socketPath,
      engine.dir,
      '/',
      '/run',
      '/var/run',
      link,
      way,
      second,
      data,
      `${data}/volumes`,
    ])
      expect([source, await codeOf(source)]).toEqual([source, 'INVALID_INPUT'])
    for (const source of ['/proc', '/proc/1', '/sys', '/dev', '/sys/fs/cgroup'])
      expect([source, await codeOf(source)]).toEqual([source, 'INVALID_INPUT'])
    expect(await codeOf(folder)).toBe('launched')
  })

  it('that is missing is an attempt that did not start', async () => {
    const id = newId(executor)
    await executor.launch(id, shell('true', mountOf(join(folder, 'none'))))
    expect(await endOf(executor, id)).toMatchObject({ reason: 'not-started', detail: expect.stringMatching(/^ENOENT/) })
  })

  it('that may be written is given to the attempt’s user, and nothing that a link in it leads to', async () => {
    const given = join(folder, 'given')
    mkdirSync(join(given, 'deep'), { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'beside'), 'x')
    symlinkSync(join(folder, 'beside'), join(given, 'deep', 'link'))
    const { exit } = await see(executor, 'echo x > /seen/deep/made', {
      mounts: [{ source: given, target: '/seen', mode: 'read-write' }],
    })
    expect(exit.code).toBe(0)
    expect(statSync(join(given, 'deep', 'made')).uid).toBeGreaterThan(0)
    expect(statSync(join(folder, 'beside')).uid).toBe(process.getuid?.())
  })

  it('that its user can not read is refused, or given where it is in the data folder, where the service is root', async () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    writeFileSync(join(closed, 'file'), 'x', { mode: 0o600 })
    expect(await codeOf(closed)).toBe('INVALID_INPUT')
    const knowing = open({ deployment: 'knowing', dir: folder })
    const { out, exit } = await see(knowing, 'cat /seen/file; echo y > /seen/file', mountOf(closed))
    expect([out, exit.code]).toEqual(['x', 1])
    await knowing.close?.()
  })

  it('that may be written is refused through a link', async () => {
    const link = join(folder, 'to-given')
    symlinkSync(join(folder, 'given'), link)
    const launch = executor.launch(
      newId(executor),
      shell('true', { mounts: [{ source: link, target: '/a', mode: 'read-write' }] }),
    )
    await expect(launch).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('nothing is left', () => {
  it('of what is reaped but its tombstone', async () => {
    const other = open({ deployment: 'left' })
    const ids = Array.from({ length: 4 }, () => newId(other))
    for (const id of ids) await other.launch(id, shell('sleep 60'))
    await other.kill(ids[0] ?? '')
    await Promise.all(ids.map((id) => other.reap(id)))
    const filter = ['--filter', 'label=dev.seamark.deployment=left']
    expect(await docker(engine, 'ps', '-aq', ...filter)).toBe('')
    const volumes = (await docker(engine, 'volume', 'ls', '-q')).split('\n').filter((name) => name.includes('.left.'))
    expect(volumes.toSorted()).toEqual(ids.map((id) => `seamark.left.docker.${id}.reaped`).toSorted())
    for (const name of volumes) expect(readdirSync(join(engine.dir, 'data', 'volumes', name, '_data'))).toEqual([])
    await other.close?.()
  })
})

describe('what can not start', () => {
  it('says why, with a remedy', async () => {
    expect(await executor.unavailable?.()).toBeUndefined()
    // An image that is missing, a runtime that is and an engine that is away are told apart, also by what to do.
    const remedies = new Set<string | undefined>()
    for (const [code, more, refuses] of [
      ['NOT_FOUND', { image: 'no/such:1' }, false],
      ['UNAVAILABLE', { runtime: 'none' }, false],
      // It was asked nothing, so another launch may be.
      ['UNAVAILABLE', { socketPath: '/no/such' }, true],
    ] as const) {
      const broken = open(more)
      const problem = await broken.unavailable?.()
      expect([more, problem]).toEqual([more, expect.objectContaining({ code, remedy: expect.any(String) })])
      remedies.add(problem?.remedy)
      const launched = broken.launch(newId(broken), shell('true'))
      if (refuses) expect(await launched).toMatchObject({ outcome: 'refused', reason: 'capacity', problem: { code } })
      else await expect(launched).rejects.toMatchObject({ code })
      await broken.close?.()
    }
    expect(remedies.size).toBe(3)
  })

  it('runs what a tag named first, by its digest', async () => {
    const tagged = open({ image: 'moving:1' })
    await docker(engine, 'tag', engine.image, 'moving:1')
    expect((await tagged.image()).id).toBe(engine.imageId)
    const container = (await docker(engine, 'create', '--entrypoint', '/bin/true', engine.image)).trim()
    await docker(engine, 'commit', container, 'moving:1')
    await docker(engine, 'rm', container)
    const id = newId(tagged)
    await tagged.launch(id, shell('true'))
    await endOf(tagged, id)
    const name = `seamark.containment.docker.${id}`
    expect(await docker(engine, 'inspect', '--format', '{{.Image}}', name)).toBe(`${engine.imageId}\n`)
    const pinned = open({ image: engine.imageId, requireDigest: true })
    expect(await pinned.unavailable?.()).toBeUndefined()
    await tagged.close?.()
    await pinned.close?.()
  })
})
