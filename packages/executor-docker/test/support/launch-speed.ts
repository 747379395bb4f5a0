/**
 * Measures `launch` to `exited` of `true` against `docker run` of the same, in turns:
 * `node --conditions=source launch-speed.ts [ROUNDS]`. Starts an engine of its own, as root. Prints medians and 90th
 * percentiles in milliseconds.
 */
import { hasCode, launchId } from '@seamark/kit'
import { startDocker } from '@seamark/testing-services'
import { spawn } from 'node:child_process'
import { dockerExecutor } from '../../src/index.ts'

const rounds = Number(process.argv[2] ?? 40)
const engine = await startDocker()
const executor = dockerExecutor({ socketPath: engine.socketPath, image: engine.image })
const spec = { argv: ['/bin/true'], env: { A: '1' }, cwd: '/', mounts: [] }
const waiting = new Map<string, () => void>()
const stop = new AbortController()
const follow = async () => {
  for await (const { launchId: id, state } of executor.events(undefined, { signal: stop.signal }))
    if (state.state === 'exited') waiting.get(id)?.()
}
const following = follow().catch((error: unknown) => {
  if (!hasCode(error, 'ABORTED')) throw error
})

const ours = async (n: number) => {
  const id = launchId('bench', 'run', 'item', n, 'main')
  const ended = new Promise<void>((resolve) => waiting.set(id, resolve))
  await executor.launch(id, spec)
  await ended
  return id
}
const line = [
  ['--host', `unix://${engine.socketPath}`, 'run', '--network=none', '--init', '--read-only', '--cap-drop=ALL'],
  ['--security-opt=no-new-privileges', '--user=64198:64198', '--cpus=2', '--memory=4g', '--memory-swap=4g'],
  ['--pids-limit=512', '--ipc=private', '--tmpfs=/tmp:rw,nosuid,nodev,exec,mode=1777,size=1g', '--log-driver=local'],
  ['--env=A=1', '--entrypoint=/bin/true', engine.image],
].flat()
const direct = () =>
  new Promise<void>((resolve, reject) => {
    const child = spawn('/usr/bin/docker', line, { env: {}, stdio: 'ignore' })
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`docker ended with ${code}`))))
  })

try {
  await executor.reap(await ours(0))
  await direct()
  const times = { direct: [] as number[], ours: [] as number[] }
  for (let n = 1; n <= rounds; n++) {
    const start = performance.now()
    await direct()
    const middle = performance.now()
    const id = await ours(n)
    times.direct.push(middle - start)
    times.ours.push(performance.now() - middle)
    await executor.reap(id)
  }
  const at = (list: number[], share: number) =>
    list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? Number.NaN
  const [p50, baseline] = [at(times.ours, 0.5), at(times.direct, 0.5)]
  console.log(
    JSON.stringify({
      rounds,
      directP50: Number(baseline.toFixed(1)),
      directP90: Number(at(times.direct, 0.9).toFixed(1)),
      launchP50: Number(p50.toFixed(1)),
      launchP90: Number(at(times.ours, 0.9).toFixed(1)),
      ratio: Number((p50 / baseline).toFixed(2)),
    }),
  )
} finally {
  stop.abort()
  await following
  await executor.close?.()
  await engine.stop()
}
