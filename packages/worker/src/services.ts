import type { LaunchSpec, ServiceSpec, StepTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lookThroughService } from './look-for-secrets.ts'
import type { Preparation } from './prepare.ts'

const inside = { folder: '/run/seamark-services', program: '/run/seamark-serve' } as const
const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** The services of a step. Set-ups have none. */
export function servicesOf({ step, item }: StepTask): readonly ServiceSpec[] {
  return step === 'setup' ? [] : (item?.services ?? [])
}

/**
 * Path of the program on this host that starts services and then what they are for: a static Linux executable, to be mounted
 * read-only into a sandbox. Errors: `UNSUPPORTED` for another architecture.
 */
export function serveProgram(arch: string = process.arch): string {
  if (ARCHITECTURES.includes(arch)) return fileURLToPath(new URL(`../bin/seamark-serve-${arch}`, import.meta.url))
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
    ],
  }
}

/** What the program reads: words that end with a zero byte each. Pure. */
function serveSpec(services: readonly ServiceSpec[], key: string, maxLogBytes: number): string {
  const words = [key, maxLogBytes, services.length].map(String)
  for (const { name, run, ready, env, stopMs } of services) {
    const variables = Object.entries({ ...env, SEAMARK_SERVICE_DIR: `${inside.folder}/data/${name}` })
    words.push(name, ...[ready.everyMs, ready.timeoutMs, stopMs].map(String), run, ready.run, String(variables.length))
    words.push(...variables.map(([variable, value]) => `${variable}=${value}`))
  }
  if (words.some((word) => word.includes('\0')))
    throw new SeamError('INVALID_INPUT', 'What is to be started as a service holds a NUL character.')
  return words.map((word) => `${word}\0`).join('')
}
