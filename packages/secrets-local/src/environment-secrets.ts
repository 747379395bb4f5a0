import type { SecretStore } from '@seamark/core'
import { checkSecretName, SeamError, throwIfAborted } from '@seamark/kit'
import { noSuchSecret } from './errors.ts'
import type { SecretsGuarantees } from './guarantees.ts'
import { versioner } from './version.ts'

export interface EnvironmentSecretsOptions {
  /** The environment, such as `process.env`: it is handed in, and read when a secret is resolved. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Names of secrets, each with its variable. No other variable can be read. */
  readonly variables: Readonly<Record<string, string>>
  /** Name of this instance. Default `environment`. */
  readonly name?: string
}

const guarantees: SecretsGuarantees = {
  expiry: { value: false, proof: 'tested' },
  encrypted: { value: false, proof: 'tested' },
  removal: { value: true, proof: 'tested' },
}

/**
 * Secrets in variables of an environment. A variable that is empty counts as not set. Versions hold for as long as the
 * store lives. Errors of the factory: `INVALID_INPUT` for a name that is none; of calls: `NOT_FOUND`, `ABORTED`.
 */
export function environmentSecrets(options: EnvironmentSecretsOptions): SecretStore {
  const { environment } = options
  const name = options.name ?? 'environment'
  const variables = new Map(Object.entries(options.variables))
  for (const ref of variables.keys()) checkSecretName(ref)
  const version = versioner()

  function find(ref: string): Uint8Array | undefined {
    const variable = variables.get(ref)
    // A variable called `constructor` is not what every object has.
    if (variable === undefined || !Object.hasOwn(environment, variable)) return undefined
    const text = environment[variable]
    return text === undefined || text === '' ? undefined : new Uint8Array(Buffer.from(text, 'utf8'))
  }

  return {
    spec: 'secrets/v1',
    kind: 'environment',
    name,
    guarantees,
    async resolve(ref, { signal } = {}) {
      throwIfAborted(signal)
      const value = find(ref)
      if (value === undefined) throw unset(ref, variables.get(ref), name)
      return { ref, value, version: version(ref, value) }
    },
    async *list({ signal } = {}) {
      for (const ref of [...variables.keys()].toSorted()) {
        throwIfAborted(signal)
        yield { ref }
      }
    },
    async describe(ref, { signal } = {}) {
      throwIfAborted(signal)
      const value = find(ref)
      return value && { ref, version: version(ref, value) }
    },
  }
}

function unset(ref: string, variable: string | undefined, name: string): SeamError {
  if (variable === undefined) return noSuchSecret(ref, name)
  return new SeamError('NOT_FOUND', `The variable ${variable} of the secret ${ref} is not set.`, {
    remedy: 'Set it in the environment of this process.',
  })
}
