import type { LaunchLimits } from '@seamark/core'
import type { Fields } from './fields.ts'
import { fields, isFields, number, numberOrNone, text, textList, textMap, textOrNone, word } from './fields.ts'

/** What the supervisor is asked to start: a checked spec, made concrete by an executor. */
export interface LaunchRequest {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** On the host, for a plain process; inside, for a sandbox (it is in the options). */
  readonly cwd: string
  readonly stdin: 'pipe' | 'none'
  readonly timeoutMs?: number
  readonly maxOutputBytes?: number
  readonly limits?: LaunchLimits
  /** Present for a sandbox. */
  readonly sandbox?: SandboxRequest
}

export interface SandboxRequest {
  /** The path of bubblewrap. */
  readonly program: string
  /** Everything before the program in bubblewrap's line, with the environment and the working folder. */
  readonly options: readonly string[]
  /** File with the filter of system calls, as bubblewrap's `--seccomp` takes it. */
  readonly filter?: string
  /** The first process of its own. Absent: bubblewrap's, which does not tell what a program left. */
  readonly first?: FirstProcess
  /** Host paths to hand over to the sandbox's user, where that is not the supervisor's own. */
  readonly writable: readonly string[]
  /** Host paths that the sandbox's user must reach. */
  readonly readable: readonly string[]
  /** Limits that control groups must hold, by the name of the controller: what was promised may not be watched only. */
  readonly promised: readonly string[]
}

/** The program that is started as a sandbox's first process, and starts the attempt's. */
export interface FirstProcess {
  /** Its path inside. */
  readonly program: string
  /** How many processes the attempt's line starts before it runs anything of an item. */
  readonly own: number
  /** Folder inside below which it tells of writes that are refused. */
  readonly tellRefusedWrites?: string
}

export function launchRequestFrom(value: unknown): LaunchRequest {
  const from = fields(value, 'launch')
  const timeoutMs = numberOrNone(from, 'timeoutMs')
  const maxOutputBytes = numberOrNone(from, 'maxOutputBytes')
  const { limits, sandbox } = from
  return {
    argv: textList(from, 'argv'),
    env: textMap(from, 'env'),
    cwd: text(from, 'cwd'),
    stdin: word(from, 'stdin', ['pipe', 'none']),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxOutputBytes !== undefined && { maxOutputBytes }),
    ...(isFields(limits) && { limits: limitsFrom(limits) }),
    ...(isFields(sandbox) && { sandbox: sandboxFrom(sandbox) }),
  }
}

const limitNames = ['cpu', 'memoryBytes', 'pids', 'diskBytes', 'idleMs'] as const

function limitsFrom(from: Fields): LaunchLimits {
  return Object.fromEntries(
    limitNames.flatMap((name) => {
      const value = numberOrNone(from, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function sandboxFrom(from: Fields): SandboxRequest {
  const filter = textOrNone(from, 'filter')
  const { first } = from
  return {
    program: text(from, 'program'),
    options: textList(from, 'options'),
    ...(filter !== undefined && { filter }),
    ...(isFields(first) && { first: firstFrom(first) }),
    writable: textList(from, 'writable'),
    readable: textList(from, 'readable'),
    promised: textList(from, 'promised'),
  }
}

function firstFrom(from: Fields): FirstProcess {
  const tellRefusedWrites = textOrNone(from, 'tellRefusedWrites')
  return {
    program: text(from, 'program'),
    own: number(from, 'own'),
    ...(tellRefusedWrites !== undefined && { tellRefusedWrites }),
  }
}
