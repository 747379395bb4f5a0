import type { Egress, Executor } from '@seamark/core'
import { processExecutor } from '@seamark/executor-process'
import { prepareRoot, sandboxExecutor } from '@seamark/executor-sandbox'
import { gatewayEgress } from '@seamark/gateway'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { borneOut, probeExecutor } from '../src/index.ts'
import type { ProbeReport } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'seamark-probes-'))
// For the sandbox's user, who starts bubblewrap.
chmodSync(root, 0o755)
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0

interface Leak {
  /** Options that come last. */
  readonly add?: string
  /** An option of the line that is left out, with what follows it. */
  readonly without?: string
  /** Options that come first, when the root is not read-only yet. */
  readonly before?: string
  /** What `sed` makes of the options between. */
  readonly edit?: string
  /** What the shell opens for it. */
  readonly open?: string
}

/** A data folder of its own, and a bubblewrap whose line is changed. */
async function probe(
  leak?: Leak,
  broken: (executor: Executor) => Executor = (executor) => executor,
  egress?: Egress,
): Promise<ProbeReport> {
  const dir = join(root, String(count++))
  mkdirSync(dir)
  const bubblewrap = join(dir, 'leaky')
  if (leak !== undefined) {
    const { add = '', without = '-', before = '', edit = '', open = '' } = leak
    writeFileSync(
      bubblewrap,
      // Another shell leaves its script open where it can read it at no number below 10.
      `#!/bin/bash
inside= skip= launch=
case " $* " in *' --args 4 '*) launch=1 ;; esac
for word do
  shift
  if [ -n "$skip" ]; then skip=; continue; fi
  if [ -z "$inside" ] && [ "$word" = '${without}' ]; then skip=1; continue; fi
  if [ -z "$inside" ] && [ "$word" = -- ]; then inside=1; set -- "$@" \${launch:+${add}} --; continue; fi
  set -- "$@" "$word"
done
if [ -n "$launch" ]; then
  changed=$(mktemp)
  { for word in ${before}; do printf '%s\\0' "$word"; done; sed -z '${edit}'; } <&4 > "$changed"
  exec 4< "$changed" ${open}
  rm "$changed"
fi
exec bwrap "$@"
`,
    )
    chmodSync(bubblewrap, 0o755)
  }
  const executor = sandboxExecutor({ dir, graceMs: 0, ...(leak && { bubblewrap }) })
  try {
    return await probeExecutor(broken(executor), { dir, now: 1, basis: { service: 's' }, ...(egress && { egress }) })
  } finally {
    await executor.close?.()
    expect(readdirSync(dir).filter((name) => name.startsWith('probe'))).toEqual([])
  }
}

/** A file or a folder that anybody may write. */
function open(path: string, content?: string | Buffer): string {
  if (content === undefined) mkdirSync(path, { recursive: true })
  else writeFileSync(path, content)
  chmodSync(path, 0o777)
  return path
}

const escapes = ({ probes }: ProbeReport): string[] =>
  probes.filter(({ outcome }) => outcome === 'escaped').map(({ id }) => id)

describe('the probes', () => {
  it('find no way out of the sandbox', async () => {
    const report = await probe()
    expect(escapes(report)).toEqual([])
    expect(report.probes.length).toBeGreaterThan(45)
    // Perl may not be there.
    for (const { id, outcome } of report.probes)
      if (outcome === 'not-tried') expect(id).toMatch(/^(kernel|network\/(vsock|raw-socket|packet-socket))/)
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

  it('find no way past a gateway, and that it decided on all of it', async () => {
    const egress = gatewayEgress({ resolve: async () => expect.fail('no rule injects'), onNotice: () => undefined })
    onTestFinished(() => egress.close())
    const report = await probe(undefined, undefined, egress)
    expect(escapes(report)).toEqual([])
    const ways = report.probes.filter(({ id }) => id.startsWith('network/way/'))
    expect(ways.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => 'held'))
  })

  it('find a gateway that leads listed names to the host', async () => {
    const privateRanges = ['127.0.0.0/8', '::1/128']
    const resolve = async () => expect.fail('no rule injects')
    const egress = gatewayEgress({ resolve, privateRanges, onNotice: () => undefined })
    onTestFinished(() => egress.close())
    const report = await probe(undefined, undefined, egress)
    expect(escapes(report)).toEqual(['network/way/arrived'])
    expect(borneOut(sandboxExecutor({ dir: root }).guarantees, report).network).toEqual({
      value: 'host',
      proof: 'probed',
    })
  })

  it('find a gateway that leads anywhere, and a network beside one', async () => {
    const open = (said: string): Egress => ({
      async open({ socketPath }) {
        const server = createServer((socket) => {
          socket.on('error', () => undefined)
          socket.once('data', () => socket.end(said))
        })
        await new Promise<void>((resolve) => server.listen({ path: socketPath, writableAll: true }, resolve))
        const close = async (): Promise<void> => void server.close()
        return { cas: [], endpoints: [], close }
      },
    })
    const anywhere = escapes(await probe(undefined, undefined, open('HTTP/1.1 200 OK\r\n\r\n')))
    expect(anywhere).toEqual(['host', 'metadata', 'private', 'address', 'name'].map((name) => `network/way/${name}`))
    const refuses = open('HTTP/1.1 403 No\r\n\r\n')
    const beside = await probe({ add: '--share-net' }, undefined, refuses)
    expect(escapes(beside)).toContain('network/way/beside')
    // It noted nothing: that it held is not known.
    const ways = beside.probes.filter(({ id }) => id.startsWith('network/way/'))
    expect(new Set(ways.map(({ outcome }) => outcome))).toEqual(new Set(['escaped', 'not-tried']))
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

  it('find a proxy that leads anywhere, and one that only a variable names', async () => {
    for (const [port, add] of [
      [1080, '--share-net'],
      [1081, '--share-net --setenv https_proxy http://127.0.0.1:1081'],
    ] as const) {
      const proxy = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'))
      await new Promise<void>((resolve, reject) => {
        proxy.once('error', reject)
        proxy.listen({ host: '127.0.0.1', port }, resolve)
      })
      try {
        expect(escapes(await probe({ add }))).toContain('network/connect-relay')
      } finally {
        proxy.close()
      }
    }
  })

  it.runIf(process.getuid?.() === 0)('find a resolver that answers (as root)', async () => {
    const resolver = createSocket('udp4', (message, from) => resolver.send(message, from.port, from.address))
    await new Promise<void>((resolve, reject) => {
      resolver.once('error', reject)
      resolver.bind(53, '127.0.0.1', resolve)
    })
    try {
      expect(escapes(await probe({ add: '--share-net' }))).toContain('network/dns-tunnel')
    } finally {
      resolver.close()
    }
  })

  it('find the network of the host', async () => {
    const found = escapes(await probe({ add: '--share-net' }))
    expect(found).toContain('network/host-port')
    expect(found).toContain('network/abstract-socket')
    expect(found).toContain('network/arrived')
    expect(found.filter((id) => !id.startsWith('network/'))).toEqual([])
  })

  it('find the files and sockets of the host', async () => {
    const found = escapes(await probe({ add: '--bind /tmp /tmp' }))
    for (const id of [
      'file/read-host',
      'file/read-by-link',
      'file/read-by-dots',
      'file/write-configuration',
      'network/host-socket',
    ])
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

  it('find settings of the kernel that can be written, and what of the host lies about', async () => {
    const dir = join(root, 'leaks')
    const setting = (mkdirSync(dir), open(join(dir, 'setting'), 'x'))
    const group = open(join(dir, 'group'))
    open(join(group, 'release_agent'), '')
    const { first = '' } = prepareRoot(dir, 'bwrap')
    const program = open(join(dir, 'program'), readFileSync(first))
    const settings = {
      '/proc/sysrq-trigger': 'kernel/sysrq',
      '/proc/sys/kernel/core_pattern': 'kernel/core-pattern',
      '/proc/sys/kernel/modprobe': 'kernel/settings',
    }
    // Not every kernel has each.
    const over = Object.entries(settings).filter(([path]) => existsSync(path))
    const add = over.map(([path]) => `--bind ${setting} ${path}`).join(' ')
    const found = escapes(
      await probe({
        before: `--bind ${group} /sys/fs/cgroup/memory --ro-bind ${setting} /boot/vmlinuz --ro-bind ${setting} /home/ada/key`,
        add: `${add} --bind ${program} /.seamark-first --setenv LEAKED 1`,
        open: '20< /tmp',
      }),
    )
    expect(new Set(found)).toEqual(
      new Set([
        ...over.map(([, id]) => id),
        'kernel/cgroups',
        'kernel/memory',
        'file/read-accounts',
        'file/own-program',
        'file/descriptors',
        'process/inherited',
      ]),
    )
  })

  it('find the processes and the machine behind a /proc that is not its own', async () => {
    const found = escapes(await probe({ add: '--ro-bind /proc /proc' }))
    for (const id of ['process/command-line', 'kernel/masked']) expect(found).toContain(id)
  })

  it('find the root of a user namespace, which may mount and hear', async () => {
    const found = escapes(
      await probe({ without: '--seccomp', edit: '/^--disable-userns$/d; s/^1000$/0/', add: '--cap-add ALL' }),
    )
    for (const id of [
      'privilege/root',
      'privilege/capabilities',
      'privilege/user-namespace',
      'privilege/mount',
      'privilege/mount-cgroups',
      'network/raw-socket',
      'network/packet-socket',
    ])
      expect(found).toContain(id)
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
