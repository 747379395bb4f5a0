import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keep, runToEnd, untilReady } from './process.ts'
import type { KeptProcess, RunningServer } from './process.ts'
import { importImage } from './docker-image.ts'

/** A Docker engine of its own, on a socket below a temporary folder, without any network. */
export interface DockerEngine {
  readonly socketPath: string
  /** Folder of its socket, output and data. */
  readonly dir: string
  /** The tag of an image with busybox, in the engine. */
  readonly image: string
  /** Its id, `sha256:` and 64 hexadecimal digits. */
  readonly imageId: string
  /** Ends it, which ends its containers too, and starts it on the same data. */
  readonly restart: (whileDown?: () => Promise<void>) => Promise<void>
}

/**
 * Debian's `dockerd` with containerd, as root. Takes some seconds. Rejects where it is not installed. `runsc` is a second
 * runtime, where it is installed.
 */
export async function startDocker(): Promise<DockerEngine & RunningServer> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-docker-'))
  const socketPath = join(dir, 'docker.sock')
  const host = `unix://${socketPath}`
  let server: KeptProcess | undefined

  async function start(): Promise<void> {
    const started = keep(
      [
        'dockerd',
        `--host=${host}`,
        `--data-root=${join(dir, 'data')}`,
        `--exec-root=${join(dir, 'exec')}`,
        `--pidfile=${join(dir, 'pid')}`,
        `--config-file=${join(dir, 'daemon.json')}`,
        '--iptables=false',
        '--bridge=none',
        '--log-level=warn',
      ],
      { dir, name: 'dockerd' },
    )
    server = started
    await untilReady(() => answers(socketPath), [started])
  }

  async function end(): Promise<void> {
    await server?.stop()
    server = undefined
  }

  const stop = async (): Promise<void> => {
    await end()
    // An engine that had to be killed leaves mounts.
    for (const path of await mountsBelow(dir)) await runToEnd(['umount', '--lazy', path], { dir, name: 'umount' })
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await mkdir(join(dir, 'data'))
    const runtimes = {
      runsc: { path: '/usr/bin/runsc', runtimeArgs: ['--network=none', '--ignore-cgroups'] },
      'runsc-with-sockets': {
        path: '/usr/bin/runsc',
        runtimeArgs: ['--network=none', '--ignore-cgroups', '--host-uds=open'],
      },
    }
    await writeFile(join(dir, 'daemon.json'), JSON.stringify({ runtimes }))
    await start()
    const image = await importImage(host, dir)
    return {
      socketPath,
      dir,
      ...image,
      stop,
      async restart(whileDown) {
        await end()
        await whileDown?.()
        await start()
      },
    }
  } catch (error) {
    const said = await readFile(join(dir, 'dockerd.out'), 'utf8').catch(() => '')
    await stop()
    throw new Error(`The Docker engine did not start: ${said.slice(-2000)}`, { cause: error })
  }
}

/** Runs Debian's client against an engine. Rejects with what it says where it fails. */
export function docker(
  { socketPath, dir }: Pick<DockerEngine, 'socketPath' | 'dir'>,
  ...args: readonly string[]
): ReturnType<typeof runToEnd> {
  const name = `docker-${process.hrtime.bigint()}`
  return runToEnd(['/usr/bin/docker', '--host', `unix://${socketPath}`, ...args], { dir, name })
}

async function mountsBelow(dir: string): Promise<string[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  const paths = mounts.split('\n').map((line) => line.split(' ')[1] ?? '')
  return paths.filter((path) => path.startsWith(dir + '/')).toReversed()
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    // Not yet.
    asking.once('error', () => resolve(false))
    asking.once('timeout', () => asking.destroy())
    asking.end()
  })
}
