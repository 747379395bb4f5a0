import { join } from 'node:path'
import { makeNamedFolder, requireOwnFolder } from '@seamark/cli'
import type { SecretVault, VaultOptions } from '@seamark/cli'
import { fileSecrets, makeIdentityFile } from '@seamark/secrets-local'
import type { ServerEnvironment } from './env.ts'
import { keepOutOfGit } from './keep-out-of-git.ts'

/** The secrets of a data folder, in files of its folder `secrets`. */
export async function secrets({ dataDir, key }: VaultOptions, environment: ServerEnvironment): Promise<SecretVault> {
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  const store = fileSecrets({ dir: join(dataDir, 'secrets'), ...(key !== undefined && { encryption: key }) })
  return {
    ...store,
    async set(name, value, options) {
      await makeNamedFolder(dataDir)
      await keepOutOfGit(dataDir)
      return store.set(name, value, options)
    },
    makeIdentity: makeIdentityFile,
  }
}
