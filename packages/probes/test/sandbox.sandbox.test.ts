import type { Executor } from '@seamark/core'
import { processExecutor } from '@seamark/executor-process'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { borneOut, probeExecutor } from '../src/index.ts'
import type { ProbeReport } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'seamark-probes-'))
// For the sandbox's user, who starts bubblewrap.
chmodSync(root, 0o755)
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0

/** A data folder of its own, and a bubblewrap in whose line some options are added, or taken out. */
async function probe(
  leak?: { readonly add?: string; readonly without?: string },
  broken: (executor: Executor) => Executor = (executor) => executor,
): Promise<ProbeReport> {
  const dir = join(root, String(count++))
  mkdirSync(dir)
  const bubblewrap = join(dir, 'leaky')
  if (leak !== undefined) {
    const { add = '', without = '-' } = leak
    writeFileSync(
      bubblewrap,
      `#!/bin/sh
inside= skip=
for word do
  shift
  if [ -n "$skip" ]; then skip=; continue; fi
  if [ -z "$inside" ] && [ "$word" = '${without}' ]; then skip=1; continue; fi
  if [ -z "$inside" ] && [ "$word" = -- ]; then inside=1; set -- "$@" ${add} --; continue; fi
  set -- "$@" "$word"
done
exec bwrap "$@"
`,
    )
    chmodSync(bubblewrap, 0o755)
  }
  const executor = sandboxExecutor({ dir, graceMs: 0, ...(leak && { bubblewrap }) })
  try {
    return await probeExecutor(broken(executor), { dir, now: 1, basis: { service: 's' } })
  } finally {
    await executor.close?.()
    expect(readdirSync(dir).filter((name) => name.startsWith('probe'))).toEqual([])
  }
}

const escapes = ({ probes }: ProbeReport): string[] =>
  probes.filter(({ outcome }) => outcome === 'escaped').map(({ id }) => id)

describe('the probes', () => {
  it('find no way out of the sandbox', async () => {
    const report = await probe()
    expect(escapes(report)).toEqual([])
    expect(report.probes.length).toBeGreaterThan(35)
    // Perl may not be there.
    for (const { id, outcome } of report.probes)
      if (outcome === 'not-tried') expect(id).toMatch(/^(kernel|network\/vsock)/)
    expect(borneOut(sandboxExecutor({ dir: root }).guarantees, report)).toMatchObject({
      isolation: { value: 'namespace', proof: 'probed' },
      network: { value: 'none', proof: 'probed' },
      tree: { value: 'proven', proof: 'probed' },
      limits: { memory: { proof: 'probed' }, pids: { proof: 'probed' }, disk: { value: 'watched', proof: 'probed' } },
    })
    expect(report.basis).toMatchObject({ service: 's', engine: expect.stringMatching(/^bubblewrap \d/) })
    expect(report.basis['configuration']).toMatch(/^[0-9a-f]{64}$/)
    expect((await probe()).basis).toEqual(report.basis)
  })

  it('find limits that do not hold', async () => {
    const forgets = (executor: Executor): Executor => ({
      ...executor,
      launch: (id, { limits: _, ...spec }, options) => executor.launch(id, spec, options),
    })
    const report = await probe(undefined, forgets)
    expect(escapes(report)).toEqual(['limit/memory', 'limit/pids', 'limit/disk'])
    expect(borneOut(sandboxExecutor({ dir: root }).guarantees, report)).toMatchObject({
      isolation: { value: 'namespace', proof: 'probed' },
      limits: { memory: { value: 'none' }, pids: { value: 'none' }, disk: { value: 'none' } },
    })
  })

  it('find what survives a kill', async () => {
    const deaf = (executor: Executor): Executor => {
      const killed = new Set<string>()
      return {
        ...executor,
        kill: async (id) => void killed.add(id),
        async attach(id, options) {
          const exit = { reason: 'killed', startedAt: 0, endedAt: 1, outputBytes: 0 } as const
          return killed.has(id) ? { state: 'exited', exit } : executor.attach(id, options)
        },
      }
    }
    expect(escapes(await probe(undefined, deaf))).toEqual(['tree/survives-kill'])
  })

  it('find a proxy that leads anywhere', async () => {
    const proxy = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'))
    await new Promise<void>((resolve, reject) => {
      proxy.once('error', reject)
      proxy.listen({ host: '127.0.0.1', port: 1080 }, resolve)
    })
    try {
      expect(escapes(await probe({ add: '--share-net' }))).toContain('network/connect-relay')
    } finally {
      proxy.close()
    }
  })

  it('find the network of the host', async () => {
    const found = escapes(await probe({ add: '--share-net' }))
    expect(found).toContain('network/host-port')
    expect(found).toContain('network/abstract-socket')
    expect(found).toContain('network/arrived')
    expect(found.every((id) => id.startsWith('network/'))).toBe(true)
  })

  it('find the files and sockets of the host', async () => {
    const found = escapes(await probe({ add: '--bind /tmp /tmp' }))
    for (const id of ['file/read-host', 'file/read-by-link', 'file/read-by-dots', 'network/host-socket'])
      expect(found).toContain(id)
  })

  it('find what is writable', async () => {
    expect(escapes(await probe({ add: '--bind /tmp /usr/local' }))).toContain('file/write-host')
  })

  it('find the devices of the host', async () => {
    expect(escapes(await probe({ add: '--dev-bind /dev /dev' }))).toContain('file/devices')
  })

  it('find a kernel without a filter before it', async () => {
    const found = escapes(await probe({ without: '--seccomp' }))
    expect(found).toContain('kernel/filter')
    expect(found).toContain('kernel/io-uring')
    expect(found).toContain('kernel/ptrace')
  })

  it('need an executor that isolates, and one in which they run', async () => {
    const dir = join(root, 'refused')
    mkdirSync(dir)
    const plain = processExecutor({ dir, graceMs: 0 })
    await expect(probeExecutor(plain, { dir, now: 1 })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await plain.close?.()
    const executor = sandboxExecutor({ dir, graceMs: 0 })
    await expect(probeExecutor(executor, { dir, now: 1, node: '/no/such/node' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await executor.close?.()
  })
})
