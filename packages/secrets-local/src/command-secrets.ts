import type { CallOptions, SecretStore } from '@seamark/core'
import { checkSecretName, SeamError, SECRET_LIMITS, throwIfAborted } from '@seamark/kit'
import { isAbsolute } from 'node:path'
import { noSuchSecret } from './errors.ts'
import type { SecretsGuarantees } from './guarantees.ts'
import { runCommand } from './run-command.ts'
import { versioner } from './version.ts'

export interface CommandSecretsOptions {
  /**
   * Names of secrets, each with a command line: the absolute path of a program and its arguments. There is no shell.
   * Other users of the machine can see a command line: a secret does not belong in it.
   */
  readonly commands: Readonly<Record<string, readonly string[]>>
  /** The environment that `pass` takes from, such as `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Variables that a command gets, such as `PATH` and `HOME`. Default: none. */
  readonly pass?: readonly string[]
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** Bytes of output. Default and most: 65,536. */
  readonly maxBytes?: number
  /**
   * The exit code by which the commands say that there is no such secret. Without it there always is, and they may fail. With it the gateway runs a
   * command about twice a second while a request that carries its secret is under way.
   */
  readonly absentExitCode?: number
  /** Name of this instance. Default `command`. */
  readonly name?: string
}

/**
 * Secrets that a program writes to its standard output, such as a password manager. One line end after the value is
 * taken off. Each call runs the command, `describe` too; nothing is kept. Versions hold for as long as the store lives.
 *
 * Errors of the factory: `INVALID_INPUT`; of calls: `NOT_FOUND` (no command of that name, or `absentExitCode`), `UNAVAILABLE` (it failed, or
 * wrote nothing), `TIMEOUT`, `LIMIT_EXCEEDED` (too much output), `ABORTED`. No error has what the command wrote.
 */
export function commandSecrets(options: CommandSecretsOptions): SecretStore {
  const name = options.name ?? 'command'
  const { timeoutMs = 10_000, maxBytes = SECRET_LIMITS.maxBytes, environment = {}, pass = [] } = options
  const { absentExitCode } = options
  const guarantees: SecretsGuarantees = {
    expiry: { value: false, proof: 'tested' },
    encrypted: { value: false, proof: 'tested' },
    removal: { value: absentExitCode !== undefined, proof: 'tested' },
  }
  const commands = new Map(Object.entries(options.commands).map(([ref, argv]) => [ref, [...argv]]))
  for (const [ref, argv] of commands) {
    checkSecretName(ref)
    if (!isAbsolute(argv[0] ?? '') || argv.some((word) => word.includes('\0')))
      throw invalid(`The command of the secret ${ref} does not begin with the absolute path of a program.`)
  }
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) throw invalid('timeoutMs is not a number of milliseconds.')
  if (!(maxBytes > 0 && maxBytes <= SECRET_LIMITS.maxBytes))
    throw invalid(`maxBytes is not between 1 and ${SECRET_LIMITS.maxBytes}.`)
  if (absentExitCode !== undefined && !(Number.isInteger(absentExitCode) && absentExitCode > 0 && absentExitCode < 256))
    throw invalid('absentExitCode is not between 1 and 255.')
  const version = versioner()

  async function run(ref: string, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    throwIfAborted(signal)
    const argv = commands.get(ref)
    if (argv === undefined) return undefined
    const env = Object.fromEntries(
      pass.flatMap((variable) => {
        const value = Object.hasOwn(environment, variable) ? environment[variable] : undefined
        return value === undefined ? [] : [[variable, value]]
      }),
    )
    const output = await runCommand({
      ref,
      argv,
      env,
      timeoutMs,
      // One line end more than a value may have.
      maxBytes: maxBytes + 2,
      ...(absentExitCode !== undefined && { absentExitCode }),
      ...(signal && { signal }),
    })
    if (output === undefined) return undefined
    const value = withoutLineEnd(output)
    if (value.byteLength === 0)
      throw new SeamError('UNAVAILABLE', `The command of the secret ${ref} wrote nothing.`, {
        remedy: 'Run it by hand, as the same user and with the same environment.',
      })
    if (value.byteLength > maxBytes)
      throw new SeamError('LIMIT_EXCEEDED', `The command of the secret ${ref} wrote more than ${maxBytes} bytes.`, {
        remedy: 'Have it write the value and nothing else.',
      })
    return value
  }

  return {
    spec: 'secrets/v1',
    kind: 'command',
    name,
    guarantees,
    async resolve(ref, call = {}) {
      const value = await run(ref, call)
      if (value === undefined) throw noSuchSecret(ref, name)
      return { ref, value, version: version(ref, value) }
    },
    async *list({ signal } = {}) {
      for (const ref of [...commands.keys()].toSorted()) {
        throwIfAborted(signal)
        yield { ref }
      }
    },
    async describe(ref, call = {}) {
      const value = await run(ref, call)
      return value && { ref, version: version(ref, value) }
    },
  }
}

function withoutLineEnd(output: Uint8Array): Uint8Array {
  const end = output.at(-1) !== 10 ? 0 : output.at(-2) === 13 ? 2 : 1
  return new Uint8Array(output.subarray(0, output.length - end))
}

function invalid(message: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy: 'Correct the options of commandSecrets.' })
}
