import type { Executor, ExecutorGuarantees, LaunchSpec, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import {
  checkLimits,
  limitStrengths,
  prepareFolder,
  SUPERVISED_GUARANTEES,
  supervisedExecutor,
  type Hello,
} from '@seamark/supervisor'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sandboxOptions, type SandboxRoot } from './arguments.ts'
import { sandboxAvailable } from './available.ts'
import { basisOf } from './basis.ts'
import { defaultLimits } from './default-limits.ts'
import { FIRST, firstProcess, firstProgram } from './first.ts'
import { prepareRoot } from './root.ts'
import type { SandboxExecutorOptions } from './sandbox-options.ts'
import { seatbeltExecutor } from './seatbelt-executor.ts'

/**
 * Runs each attempt in a bubblewrap sandbox: it sees a read-only system, its mounts and nothing else
 * of the host, has no network, and its whole process tree is dead when its end is reported. On macOS it is
 * `seatbeltExecutor`, which promises less.
 *
 * Errors: those of `Executor`; `UNAVAILABLE`, with the line to run, where sandboxes can not be built; `UNSUPPORTED`
 * where it is not Linux.
 */
export function sandboxExecutor(options: SandboxExecutorOptions): Executor {
  return (options.platform ?? process.platform) === 'darwin' ? seatbeltExecutor(options) : bubblewrapExecutor(options)
}

function bubblewrapExecutor(options: SandboxExecutorOptions): Executor {
  let preparing: Promise<Prepared> | undefined
  const prepared = () => (preparing ??= prepareHost(options).catch(forget))
  // Bubblewrap may be installed while the service runs.
  const forget = (error: unknown): never => {
    preparing = undefined
    throw error
  }

  let found: ExecutorGuarantees | undefined
  const guarantees = () => (found ??= guaranteesHere(options))
  const executor = supervisedExecutor({
    ...options,
    kind: 'sandbox',
    name: options.name ?? 'sandbox',
    get guarantees() {
      return guarantees()
    },
    async prepare(spec, hello) {
      checkTargets(spec)
      const { root, data, given } = await prepared()
      const real = (path: string) => (isBelow(path, given) ? data + path.slice(given.length) : path)
      const mounts = spec.mounts.map((mount) => ({ ...mount, source: real(mount.source) }))
      const { argv, env, cwd, stdin = 'none', timeoutMs, maxOutputBytes, limits } = spec
      const shown = { ...spec, mounts: mounts.map((mount) => ({ ...mount, source: wayTo(mount.source, hello) })) }
      const isWatched = limits?.memoryBytes !== undefined && !enforced(guarantees()).includes('memory')
      const filter = isWatched ? root.watchedFilter : root.filter
      const binds = root.binds.map((bind) => ({ ...bind, source: wayTo(bind.source, hello) }))
      const first = root.first === undefined ? {} : { first: wayTo(root.first, hello) }
      return {
        argv,
        env,
        cwd,
        stdin,
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(maxOutputBytes !== undefined && { maxOutputBytes }),
        ...(limits !== undefined && { limits }),
        sandbox: {
          program: root.bubblewrap,
          options: sandboxOptions(shown, { ...root, ...first, binds }),
          ...(filter !== undefined && { filter }),
          ...(root.first !== undefined && { first: await firstProcess({ ...spec, mounts }) }),
          promised: limits === undefined ? [] : enforced(guarantees()),
          writable: mounts.filter(({ mode }) => mode === 'read-write').map(({ source }) => source),
          readable: [
            ...root.reach.filter((source) => isBelow(source, data) || wayTo(source, hello) === source),
            ...mounts.filter(({ mode }) => mode === 'read-only').map(({ source }) => source),
          ],
        },
      }
    },
  })
  // Added rather than copied: a copy would look for its guarantees at once.
  return Object.assign(executor, {
    async unavailable() {
      const available = await sandboxAvailable(options)
      return available.ok ? notHeld(guarantees()) : available.problem
    },
    async basis() {
      const { root } = await prepared()
      return basisOf(root, guarantees())
    },
  })
}

interface Prepared {
  readonly root: SandboxRoot
  /** The data folder by its real path, and as it was given. */
  readonly data: string
  readonly given: string
}

async function prepareHost(options: SandboxExecutorOptions): Promise<Prepared> {
  const available = await sandboxAvailable(options)
  if (!available.ok) {
    const { code, message, remedy } = available.problem
    throw new SeamError(code, message, { ...(remedy !== undefined && { remedy }) })
  }
  const { data } = prepareFolder(options.dir)
  const folder = join(data, 'sandbox')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return { root: prepareRoot(folder, available.bubblewrap, options.toolchain), data, given: resolve(options.dir) }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + '/')
}

/** The path by which the sandbox's user reaches a host path. */
function wayTo(path: string, { ways }: Hello): string {
  const way = ways.find(({ from }) => isBelow(path, from))
  return way === undefined ? path : way.to + path.slice(way.from.length)
}

/** Places that the sandbox's own root fills. */
const taken = ['/usr', '/etc', '/proc', '/dev', '/sys', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', FIRST]

function checkTargets({ mounts }: LaunchSpec): void {
  const wrong = mounts.find(({ target }) => target === '/' || taken.some((path) => isBelow(target, path)))
  if (wrong !== undefined)
    throw new SeamError('INVALID_INPUT', `A mount can not cover the sandbox's own ${wrong.target}.`, {
      remedy: 'Choose a target such as /workspace.',
    })
}

function enforced({ limits }: ExecutorGuarantees): string[] {
  return (['cpu', 'memory', 'pids'] as const).filter((name) => limits[name].value === 'enforced')
}

/** What is wrong with its default limits. */
function notHeld({ defaultLimits = {}, limits }: ExecutorGuarantees): Problem | undefined {
  const problems: Problem[] = []
  checkLimits(defaultLimits, limits, (pointer, message) => {
    const remedy = `Correct \`${pointer.slice(1).replace('/', '.')}\` of the executor, or give it the control groups for it.`
    problems.push({ code: 'INVALID_INPUT', message, place: { pointer }, remedy })
  })
  return problems[0]
}

function guaranteesHere({ limits }: SandboxExecutorOptions): ExecutorGuarantees {
  const tested = <T>(value: T) => ({ value, proof: 'tested' }) as const
  return {
    isolation: tested('namespace'),
    network: tested('none'),
    filesystem: 'private',
    tree: tested('proven'),
    ...SUPERVISED_GUARANTEES,
    limits: { ...SUPERVISED_GUARANTEES.limits, ...limitStrengths(firstProgram() !== undefined) },
    defaultLimits: defaultLimits(limits),
  }
}
