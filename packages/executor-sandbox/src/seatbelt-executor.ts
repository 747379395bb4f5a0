import type { Executor, ExecutorGuarantees, LaunchSpec, Mount, Problem } from '@seamark/core'
import { NO_LIMITS, SeamError, sha256Hex, systemCode } from '@seamark/kit'
import { supervisedExecutor, supervisorProblem } from '@seamark/supervisor'
import { readFileSync, realpathSync } from 'node:fs'
import { release } from 'node:os'
import { dirname } from 'node:path'
import { isProgram } from './is-program.ts'
import type { SandboxExecutorOptions } from './sandbox-options.ts'
import { seatbeltProfile } from './seatbelt-profile.ts'
import { checkHeld } from './seatbelt-refusals.ts'

/** Part of macOS, on a volume that nothing can write. */
const SANDBOX_EXEC = '/usr/bin/sandbox-exec'

/**
 * Runs each attempt under a Seatbelt profile of macOS. It was never run on macOS: every guarantee is `unproven`.
 *
 * Errors: those of `Executor`; `UNSUPPORTED` where no supervisor can run, which is so on macOS, and as root;
 * `UNAVAILABLE` without `sandbox-exec`.
 */
export function seatbeltExecutor(options: SandboxExecutorOptions): Executor {
  const program = options.sandboxExec ?? SANDBOX_EXEC
  const executor = supervisedExecutor({
    ...options,
    kind: 'seatbelt',
    name: options.name ?? 'sandbox',
    guarantees: { ...SEATBELT_GUARANTEES, ...(options.limits && { defaultLimits: options.limits }) },
    async prepare(spec) {
      refuse(seatbeltProblem(program))
      const { env, cwd, stdin = 'none', timeoutMs, maxOutputBytes, limits } = spec
      return {
        argv: [program, ...seatbeltArguments(spec, toolchainOf(options))],
        env: withNode(env, options),
        cwd,
        stdin,
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(maxOutputBytes !== undefined && { maxOutputBytes }),
        ...(limits !== undefined && { limits }),
      }
    },
  })
  return Object.assign(executor, {
    unavailable: async () => seatbeltProblem(program),
    async basis() {
      refuse(missing(program))
      return {
        engine: `seatbelt ${release()}`,
        program: `${program} ${sha256Hex(readFileSync(program))}`,
        configuration: sha256Hex(seatbeltProfile({ mounts: [], toolchain: toolchainOf(options) })),
      }
    },
  })
}

/**
 * The whole line of `sandbox-exec(1)` for a spec, without the program's own name. The profile is an argument: a file could be
 * exchanged before it is read. Looks up where mounts really are. Errors: `INVALID_INPUT` for what Seatbelt can not hold.
 */
function seatbeltArguments(spec: LaunchSpec, toolchain: readonly string[]): string[] {
  const mounts = spec.mounts.map(realMount)
  checkHeld({ env: spec.env, mounts }, toolchain)
  return ['-p', seatbeltProfile({ mounts, toolchain }), '--', ...spec.argv]
}

/** What it can not do is `none`: no namespaces, and no limits of a tree but its time. */
const SEATBELT_GUARANTEES: ExecutorGuarantees = {
  isolation: { value: 'none', proof: 'unproven' },
  network: { value: 'none', proof: 'unproven' },
  filesystem: 'host',
  tree: { value: 'best-effort', proof: 'unproven' },
  limits: {
    ...NO_LIMITS,
    wallClock: { value: 'enforced', proof: 'unproven' },
    idle: { value: 'enforced', proof: 'unproven' },
  },
  input: true,
  outlivesService: true,
}

function seatbeltProblem(program: string): Problem | undefined {
  const problem = supervisorProblem()
  if (problem !== undefined) return problem
  if (process.geteuid?.() === 0)
    return {
      code: 'UNSUPPORTED',
      message: 'Seatbelt changes no user: attempts of a root service would be root.',
      remedy: 'Run the service as an ordinary user.',
    }
  return missing(program)
}

function missing(program: string): Problem | undefined {
  if (isProgram(program)) return undefined
  return { code: 'UNAVAILABLE', message: `There is no ${program}.`, remedy: `Use a macOS that has ${SANDBOX_EXEC}.` }
}

function refuse(problem: Problem | undefined): void {
  if (problem !== undefined) throw new SeamError(problem.code, problem.message, { problems: [problem] })
}

/** Seatbelt sees a path as the kernel does: without links, in the case that is on the disk. */
function realMount(mount: Mount, i: number): Mount {
  try {
    const source = realpathSync.native(mount.source)
    return { ...mount, source, target: source }
  } catch (error) {
    const message = `The mount can not be found: ${mount.source} (${systemCode(error) ?? 'unknown error'}).`
    const problems = [{ code: 'INVALID_INPUT', message, place: { pointer: `/mounts/${i}/source` } }] as const
    throw new SeamError('INVALID_INPUT', message, { problems, cause: error })
  }
}

/** The pinned Node, then what was added, by real paths. */
function toolchainOf({ toolchain = {} }: SandboxExecutorOptions): string[] {
  const binds = toolchain.binds ?? []
  const moved = binds.find(({ source, target }) => source !== target)
  if (moved !== undefined)
    throw new SeamError('INVALID_INPUT', `Seatbelt can not show ${moved.source} at ${moved.target}.`, {
      remedy: 'Give binds of the toolchain the same source and target.',
    })
  return [nodeOf(toolchain), ...binds.map(({ source }) => real(source))]
}

function nodeOf({ node }: { readonly node?: string }): string {
  return real(node ?? process.execPath)
}

function real(path: string): string {
  try {
    return realpathSync.native(path)
  } catch (error) {
    throw new SeamError(
      'INVALID_INPUT',
      `The toolchain has no ${path} that can be reached (${systemCode(error) ?? 'unknown error'}).`,
      { remedy: 'Correct `toolchain` of the executor.', cause: error },
    )
  }
}

function withNode(
  env: LaunchSpec['env'],
  { toolchain = {} }: SandboxExecutorOptions,
): Readonly<Record<string, string>> {
  const path = env['PATH']
  if (path === undefined) return env
  const folder = dirname(nodeOf(toolchain))
  return path.split(':').includes(folder) ? env : { ...env, PATH: `${folder}:${path}` }
}
