import { startDocker, type DockerEngine, type RunningServer } from '@seamark/testing-services'
import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Place } from './seamark.ts'

const packages = join(import.meta.dirname, '../../../packages')
const docker = join(packages, 'executor-docker')

/** An executor that the same items run on as on others. */
export interface Ground {
  /** Its name in a plan. */
  readonly executor: string
  /** What it promises of that. */
  readonly isolation: string
  /** A line of a configuration that gives a service this executor. Empty for what it has anyway. */
  readonly line: string
  /** Folders beside the data folder in which something of attempts is kept while they run. */
  readonly keeps: readonly string[]
  stop(): Promise<void>
}

/** What isolates nothing, which every service has. */
export async function onHost(): Promise<Ground> {
  return { executor: 'process', isolation: 'none', line: '', keeps: [], stop: async () => undefined }
}

/** The sandbox that every service has. */
export async function onSandbox(): Promise<Ground> {
  return { executor: 'sandbox', isolation: 'namespace', line: '', keeps: [], stop: async () => undefined }
}

export interface DockerWithPrograms extends DockerEngine, RunningServer {
  /** The id of an image of programs of this machine. */
  readonly programs: string
}

/** A Docker engine of its own, with an image of programs of this machine. Node.js and git are among them. */
export async function dockerWithPrograms(): Promise<DockerWithPrograms> {
  const engine = await startDocker()
  try {
    return { ...engine, programs: makeImage(engine.socketPath, ...programs) }
  } catch (error) {
    await engine.stop()
    throw error
  }
}

/** Such an engine for a service. What isolates nothing is there too, as in every service. */
export async function onDocker({ data }: Pick<Place, 'data'>, runtime = 'runc'): Promise<Ground> {
  const engine = await dockerWithPrograms()
  return serviceOn(engine, engine.programs, data, runtime)
}

/** The same, where attempts have npm. */
export async function onDockerWithNpm({ data }: Pick<Place, 'data'>): Promise<Ground> {
  const engine = await dockerWithPrograms()
  try {
    return serviceOn(engine, withNpm(engine.socketPath, engine.programs), data)
  } catch (error) {
    await engine.stop()
    throw error
  }
}

/** What makes an executor, in a configuration. */
export function makes(kind: 'docker' | 'process', options: object): string {
  const from = JSON.stringify(join(packages, `executor-${kind}`, 'src/index.ts'))
  return `(await import(${from})).${kind}Executor(${JSON.stringify(options)})`
}

/** What gives a service this engine. */
export function serviceOn(
  { socketPath, dir, stop }: DockerEngine & RunningServer,
  image: string,
  data: string,
  runtime = 'runc',
): Ground {
  const options = { runtime, socketPath, image, requireDigest: true, dir: data }
  return {
    executor: 'docker',
    isolation: 'container',
    line: `executors: [${makes('docker', options)}, ${makes('process', { dir: data })}],`,
    // Configurations and logs of containers.
    keeps: [join(dir, 'data/containers')],
    stop,
  }
}

/** What is in the image of `dockerWithPrograms`. The last ones are what git runs to clone over HTTPS. */
export const programs: readonly string[] = ['sh', 'env', 'cat', 'chmod', 'cp', 'curl', 'date', 'dd', 'echo', 'git', 'grep', 'head', 'id', 'ln', 'ls', 'mkdir', 'mkfifo', 'mknod', 'mount', 'mv', 'node', 'printf', 'rm', 'sed', 'seq', 'setsid', 'sleep', 'touch', 'tr', 'true', 'unshare', 'yes', 'git-remote-https', 'git-http-fetch'] // prettier-ignore

/** The id of an image of these programs of this machine, which the engine then has. None: what most items need. */
export function makeImage(socketPath: string, ...programs: readonly string[]): string {
  const ofGit = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}:${ofGit}`
  return execFileSync(join(docker, 'bin/make-image.sh'), ['seamark-test/programs:1', ...programs], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path, DOCKER_HOST: `unix://${socketPath}` },
  }).trim()
}

/** The id of an image with the npm of this machine besides. It is files and no program, so there is nothing that looks for it. */
function withNpm(socketPath: string, image: string): string {
  const npm = execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()
  const files = dirname(dirname(realpathSync(npm)))
  const script = `id=$(docker create --entrypoint /bin/true "$0")
tar -C / -cf - "$@" | docker cp - "$id:/" && docker commit "$id"`
  return execFileSync('sh', ['-ec', script, image, npm.slice(1), files.slice(1)], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_HOST: `unix://${socketPath}` },
  }).trim()
}
