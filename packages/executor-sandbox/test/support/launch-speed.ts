/**
 * Measures `launch` to `exited` of `true`, without limits and with them, against the same bubblewrap line, started by Node
 * itself, in turns: `node --conditions=source launch-speed.ts [ROUNDS]`. Prints medians and 90th percentiles in milliseconds.
 */
import type { LaunchSpec } from '@seamark/core'
import { launchId } from '@seamark/kit'
import { prepareFolder, sandboxIdentity } from '@seamark/supervisor'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareRoot, sandboxArguments, sandboxAvailable, sandboxExecutor } from '../../src/index.ts'

const rounds = Number(process.argv[2] ?? 200)
const dir = mkdtempSync(join(tmpdir(), 'seamark-speed-'))
const available = await sandboxAvailable()
if (!available.ok) throw new Error(available.problem.message)
const executor = sandboxExecutor({ dir, graceMs: 0 })
const spec = { argv: ['/usr/bin/true'], env: { A: '1' }, cwd: '/', mounts: [] }
const waiting = new Map<string, () => void>()
const stop = new AbortController()
const follow = async () => {
  for await (const { launchId: id, state } of executor.events(undefined, { signal: stop.signal }))
    if (state.state === 'exited') waiting.get(id)?.()
}
const following = follow().catch(() => undefined)

const limits = { cpu: 1, memoryBytes: 256 * 1024 * 1024, pids: 50, diskBytes: 256 * 1024 * 1024, idleMs: 60_000 }

const ours = async (n: number, more: Partial<LaunchSpec> = {}) => {
  const id = launchId('bench', more.limits === undefined ? 'run' : 'limited', 'item', n, 'main')
  const ended = new Promise<void>((resolve) => waiting.set(id, resolve))
  await executor.launch(id, { ...spec, ...more })
  await ended
}
await ours(0)
chmodSync(dir, 0o711)
const line = sandboxArguments(spec, prepareRoot(join(prepareFolder(dir).data, 'sandbox'), available.bubblewrap))
const direct = () =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(available.bubblewrap, line, {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      ...sandboxIdentity(),
    })
    child.stdout.resume()
    child.stderr.resume()
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`bubblewrap ended with ${code}`))))
  })

const times = { direct: [] as number[], ours: [] as number[], limited: [] as number[] }
for (let n = 1; n <= rounds; n++) {
  const start = performance.now()
  await direct()
  const middle = performance.now()
  await ours(n)
  times.direct.push(middle - start)
  const end = performance.now()
  await ours(n, { limits })
  times.ours.push(end - middle)
  times.limited.push(performance.now() - end)
}
const at = (list: number[], share: number) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? NaN
const [p50, baseline] = [at(times.ours, 0.5), at(times.direct, 0.5)]
console.log(
  JSON.stringify({
    rounds,
    directP50: Number(baseline.toFixed(2)),
    directP90: Number(at(times.direct, 0.9).toFixed(2)),
    launchP50: Number(p50.toFixed(2)),
    launchP90: Number(at(times.ours, 0.9).toFixed(2)),
    limitedP50: Number(at(times.limited, 0.5).toFixed(2)),
    limitedP90: Number(at(times.limited, 0.9).toFixed(2)),
    ratio: Number((p50 / baseline).toFixed(2)),
    beyondMs: Number((p50 - baseline).toFixed(2)),
  }),
)
stop.abort()
await following
await executor.close?.()
await rm(dir, { recursive: true, force: true })
