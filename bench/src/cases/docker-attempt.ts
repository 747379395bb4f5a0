import type { LaunchSpec } from '@seamark/core'
import { dockerExecutor } from '@seamark/executor-docker'
import { startDocker } from '@seamark/testing-services'
import { spawn } from 'node:child_process'
import { attemptsOf } from '../attempts.ts'
import type { Line, Scale } from '../line.ts'
import { inTurn, median, msOf } from '../stats.ts'

const spec: LaunchSpec = { argv: ['/bin/true'], env: { A: '1' }, cwd: '/', mounts: [] }

/** From `launch` to the event that says that it has exited, in turn with `docker run` of the same, on an engine of its own. */
export async function measure(scale: Scale): Promise<Line[]> {
  const engine = await startDocker()
  const { socketPath, image } = engine
  const executor = dockerExecutor({ socketPath, image })
  const attempts = attemptsOf(executor, spec)
  // As the executor makes its containers, but for the filter of system calls, which is the engine's own.
  const line = [
    ['--host', `unix://${socketPath}`, 'run', '--network=none', '--init', '--read-only', '--cap-drop=ALL'],
    ['--security-opt=no-new-privileges', '--user=64198:64198', '--cpus=2', '--memory=4g', '--memory-swap=4g'],
    ['--pids-limit=512', '--ipc=private', '--tmpfs=/tmp:rw,nosuid,nodev,exec,mode=1777,size=1g', '--log-driver=local'],
    ['--env=A=1', '--entrypoint=/bin/true', image],
  ].flat()
  const bare = () => msOf(() => dockerRun(line))
  try {
    await inTurn(3, attempts.run, bare)
    const taken = await inTurn(scale === 'quick' ? 20 : 60, attempts.run, bare)
    return [
      {
        what: 'Docker attempt, launch to exited of `true`',
        measured: { value: median(taken.measured), unit: 'ms' },
        baseline: { value: median(taken.baseline), unit: 'ms' },
        against: '`docker run` of the same container (p50 of both)',
        bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.15 }],
      },
    ]
  } finally {
    attempts.close()
    await executor.close?.()
    await engine.stop()
  }
}

function dockerRun(line: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/docker', line, { env: {}, stdio: 'ignore' })
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`docker ended with ${code}`))))
  })
}
