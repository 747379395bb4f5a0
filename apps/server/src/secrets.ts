import { join } from 'node:path'
import { makeNamedFolder, requireOwnFolder } from '@seamark/cli'
import type { SecretVault, VaultOptions } from '@seamark/cli'
import { loadConfig } from '@seamark/config'
import type { SecretStore } from '@seamark/core'
import { SeamError, secretMemory } from '@seamark/kit'
import { fileSecrets, makeIdentityFile } from '@seamark/secrets-local'
import type { FileSecrets } from '@seamark/secrets-local'
import type { ServerEnvironment } from './env.ts'
import { keepOutOfGit } from './keep-out-of-git.ts'

/** The secrets that a service would have with this configuration; with a key those of the data folder, in files of its folder `secrets`. */
export async function secrets(options: VaultOptions, environment: ServerEnvironment): Promise<SecretVault> {
  const { dataDir, key } = options
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  const configured = key === undefined ? await configuredStore(options) : undefined
  if (configured !== undefined && !isWritable(configured)) return readOnly(configured)
  const store =
    configured ?? fileSecrets({ dir: join(dataDir, 'secrets'), ...(key !== undefined && { encryption: key }) })
  return {
    ...store,
    async set(name, value, call) {
      await makeNamedFolder(dataDir)
      await keepOutOfGit(dataDir)
      return store.set(name, value, call)
    },
    checkWritable: () => undefined,
    makeIdentity: makeIdentityFile,
  }
}

async function configuredStore({ cwd, configFile }: VaultOptions): Promise<SecretStore | undefined> {
  if (configFile === undefined || configFile === 'none') return undefined
  return (await loadConfig({ cwd, named: configFile })).config.secrets
}

function isWritable(store: SecretStore): store is FileSecrets {
  return 'set' in store && 'delete' in store && store.list !== undefined
}

/** A store that is only read, and gives what a service would take: a value that could not be kept out of logs is refused. */
function readOnly(store: SecretStore): SecretVault {
  const { spec, kind, name, guarantees } = store
  const watched = secretMemory().watch(store)
  const cannot = (what: string, remedy: string) =>
    new SeamError('UNSUPPORTED', `The store ${name} of the configuration (${kind}) ${what}.`, { remedy })
  const checkWritable = (): never => {
    const remedy =
      'Change it where it is kept, or have no secrets in the configuration: they are in the data folder then.'
    throw cannot('is only read', remedy)
  }
  return {
    spec,
    kind,
    name,
    guarantees,
    resolve: async (ref, call) => watched.resolve(ref, call),
    describe: async (ref, call) => watched.describe(ref, call),
    list(call) {
      if (watched.list !== undefined) return watched.list(call)
      throw cannot('does not name its secrets', 'Ask for one: seamark secrets test NAME.')
    },
    checkWritable,
    set: async () => checkWritable(),
    delete: async () => checkWritable(),
    makeIdentity: makeIdentityFile,
  }
}
