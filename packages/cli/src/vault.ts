import { resolve } from 'node:path'
import { SeamError, secretText } from '@seamark/kit'
import type { CliContext } from './command.ts'
import { namedConfig } from './config-file.ts'
import { dataFolder } from './data-folder.ts'
import { ask, canAsk } from './secret-input.ts'
import type { SecretVault, VaultKey } from './secret-vault.ts'

interface VaultArgs {
  readonly data?: string | undefined
  readonly config?: string | undefined
  readonly identity?: string | undefined
  readonly passphrase?: boolean | undefined
}

/** The options by which a key is named. */
export const KEY_ARGS = {
  identity: {
    type: 'string',
    valueHint: 'FILE',
    description: 'age identity file that opens it. Default: not encrypted',
  },
  passphrase: { type: 'boolean', description: 'Asks for a passphrase that opens it' },
} as const

/** The secrets of the data folder, or of the configuration that was named. `twice` has a passphrase typed again. Errors: `INVALID_INPUT`, those of `dataFolder`. */
export async function openVault(context: CliContext, args: VaultArgs, twice: boolean): Promise<SecretVault> {
  const key = keyOf(context, args, twice)
  const { cwd } = context
  const configFile = namedConfig(context, args)
  return context.host.secrets({
    cwd,
    ...(configFile !== undefined && { configFile }),
    dataDir: await dataFolder(context, args),
    ...(key !== undefined && { key }),
  })
}

function keyOf({ cwd, io }: CliContext, { identity, passphrase }: VaultArgs, twice: boolean): VaultKey | undefined {
  if (identity !== undefined && /^AGE-SECRET-KEY-/i.test(identity))
    throw new SeamError('INVALID_INPUT', '--identity was given an identity, and takes the name of its file.', {
      remedy: 'It is in the history of the shell and others could see it: make a new one, in a file.',
    })
  if (passphrase !== true) return identity === undefined ? undefined : { identityFile: resolve(cwd, identity) }
  if (identity !== undefined)
    throw new SeamError('INVALID_INPUT', 'There are two keys: an identity and a passphrase.', { remedy: 'Name one.' })
  if (!canAsk())
    throw new SeamError('INVALID_INPUT', 'A passphrase is asked for at a terminal, and there is none.', {
      remedy: 'Use an identity file: --identity FILE.',
    })
  return {
    passphrase: async () => {
      const typed = text(await ask(io, 'Passphrase: '))
      if (twice && text(await ask(io, 'Passphrase, again: ')) !== typed)
        throw new SeamError('INVALID_INPUT', 'The two passphrases differ: nothing was changed.', {
          remedy: 'Try again.',
        })
      return typed
    },
  }
}

function text(bytes: Uint8Array): string {
  const typed = secretText(bytes)
  if (typed === undefined)
    throw new SeamError('INVALID_INPUT', 'The passphrase is no UTF-8.', { remedy: 'Use a terminal that writes UTF-8.' })
  return typed
}
