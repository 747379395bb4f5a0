import type { Companion, LaunchSpec, Mount, ServiceSpec, StepTask } from '@seamark/core'
import { SeamError, shellLine } from '@seamark/kit'
import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lookThroughService } from './look-for-secrets.ts'
import type { AttemptLayout } from './layout.ts'
import type { Preparation } from './prepare.ts'

const inside = {
  folder: '/run/seamark-services',
  program: '/run/seamark-serve',
  beside: '/run/seamark-beside',
  /** In a service's own container. */
  door: '/run/seamark-door',
} as const
/** A container that nobody ends is its own end so much later than the item's time. */
const LATER_MS = 1000
const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** The services of a step. Set-ups have none. */
export function servicesOf({ step, item }: StepTask): readonly ServiceSpec[] {
  return step === 'setup' ? [] : (item?.services ?? [])
}

/**
 * Path of a program on this host, a static Linux executable to be mounted read-only into a sandbox: `serve` starts services and then what they
 * are for, `beside` has it start those that are containers. Errors: `UNSUPPORTED` for another architecture.
 */
export function serveProgram(arch: string = process.arch, name: 'serve' | 'beside' = 'serve'): string {
  if (ARCHITECTURES.includes(arch)) return fileURLToPath(new URL(`../bin/seamark-${name}-${arch}`, import.meta.url))
  throw new SeamError('UNSUPPORTED', `Services can not be started on ${arch}.`, {
    remedy: `Run items with services on one of: ${ARCHITECTURES.join(', ')}.`,
  })
}

/**
 * Has a launch start the services of its item before its program. Errors: `UNSUPPORTED` where they could be reached from elsewhere,
 * `FORBIDDEN` for a service that would be given a secret.
 */
export async function withServices(
  launch: LaunchSpec,
  task: StepTask,
  { tools, attempt, executor, secrets }: Pick<Preparation, 'tools' | 'attempt' | 'executor' | 'secrets'>,
): Promise<LaunchSpec> {
  const services = servicesOf(task)
  if (services.length === 0) return launch
  if (secrets !== undefined) for (const service of services) lookThroughService(service, secrets)
  if (executor.guarantees.filesystem === 'host' || executor.guarantees.network.value === 'host')
    throw new SeamError(
      'UNSUPPORTED',
      `Executor ${executor.name} gives an attempt no network of its own for services.`,
      {
        remedy: 'Name another executor.',
      },
    )
  await copyFile(serveProgram(), attempt.serve)
  await chmod(attempt.serve, 0o755)
  await mkdir(attempt.services, { mode: 0o700 })
  await mkdir(join(attempt.services, 'data'), { mode: 0o700 })
  for (const { name } of services) await mkdir(join(attempt.services, 'data', name), { mode: 0o700 })
  const contained = services.flatMap(({ image, ...one }) => (image === undefined ? [] : [{ ...one, image }]))
  if (contained.length > 0) {
    await copyFile(serveProgram(process.arch, 'beside'), attempt.beside)
    await chmod(attempt.beside, 0o755)
    await mkdir(join(attempt.services, 'door'), { mode: 0o700 })
    for (const { name } of contained) await mkdir(join(attempt.services, 'door', name), { mode: 0o700 })
  }
  const beside: Mount = { source: attempt.beside, target: inside.beside, mode: 'read-only' }
  const key = randomBytes(16).toString('hex')
  await writeFile(attempt.servicesKey, key, { mode: 0o600 })
  await writeFile(join(attempt.services, 'spec'), serveSpec(services, key, tools.git.limits.maxServiceLogBytes), {
    mode: 0o600,
  })
  return {
    ...launch,
    argv: [inside.program, inside.folder, '--', ...launch.argv],
    mounts: [
      ...launch.mounts,
      { source: attempt.services, target: inside.folder, mode: 'read-write' },
      { source: attempt.serve, target: inside.program, mode: 'read-only' },
      ...(contained.length > 0 ? [beside] : []),
    ],
    ...(contained.length > 0 && { companions: contained.map((one) => companionOf(one, attempt, launch.timeoutMs)) }),
  }
}

const dataFolder = (name: string): string => `${inside.folder}/data/${name}`

/** The container of a service. It has its own folder, and a socket by which its command is started and its end is heard. */
function companionOf(
  { name, image, env }: Pick<ServiceSpec, 'name' | 'env'> & { readonly image: string },
  attempt: AttemptLayout,
  timeoutMs: number | undefined,
): Companion {
  const most = timeoutMs === undefined ? 0 : timeoutMs + LATER_MS
  return {
    name,
    image,
    argv: [inside.beside, 'serve', String(most), `${inside.door}/run`, `${inside.door}/ready`],
    env: { ...env, SEAMARK_SERVICE_DIR: dataFolder(name) },
    mounts: [
      { source: attempt.beside, target: inside.beside, mode: 'read-only' },
      { source: join(attempt.services, 'door', name), target: inside.door, mode: 'read-write' },
      { source: join(attempt.services, 'data', name), target: dataFolder(name), mode: 'read-write' },
    ],
  }
}

/** What the program reads: words that end with a zero byte each. Pure. */
function serveSpec(services: readonly ServiceSpec[], key: string, maxLogBytes: number): string {
  const words = [key, maxLogBytes, services.length].map(String)
  for (const { name, run = '', image, ready, env, stopMs } of services) {
    // One that is a container has its variables there.
    const variables = image === undefined ? Object.entries({ ...env, SEAMARK_SERVICE_DIR: dataFolder(name) }) : []
    const line = (text: string, door: string) =>
      image === undefined
        ? text
        : `exec ${shellLine([inside.beside, 'ask', `${inside.folder}/door/${name}/${door}`, text])}`
    words.push(name, ...[ready.everyMs, ready.timeoutMs, stopMs].map(String))
    words.push(line(run, 'run'), line(ready.run, 'ready'), String(variables.length))
    words.push(...variables.map(([variable, value]) => `${variable}=${value}`))
  }
  if (words.some((word) => word.includes('\0')))
    throw new SeamError('INVALID_INPUT', 'What is to be started as a service holds a NUL character.')
  return words.map((word) => `${word}\0`).join('')
}
