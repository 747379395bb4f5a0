import type { CallOptions, Problem, SecretDescription, SecretStore } from '@seamark/core'
import {
  checkSecretName,
  checkSecretValue,
  fromSystemError,
  hasCode,
  orAbort,
  SeamError,
  SECRET_LIMITS,
  SECRET_NAME,
  systemClock,
  throwIfAborted,
} from '@seamark/kit'
import type { Clock } from '@seamark/kit'
import { makeFolder } from '@seamark/kit/files'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { noSuchSecret } from './errors.ts'
import type { SecretsGuarantees } from './guarantees.ts'
import {
  readPrivateFile,
  removeAbandoned,
  removePrivateFile,
  replacePrivateFile,
  requirePrivateFolder,
} from './private-file.ts'
import { requireSame, seal, unseal } from './sealed.ts'
import type { SecretEncryption } from './sealed.ts'
import { fileNameOf, isTime, nameOfFile, parseSecretFile, writeSecretFile } from './secret-file.ts'
import type { SecretHeader } from './secret-file.ts'

export interface FileSecretsOptions {
  /** Folder of the secrets, one file each. Made with mode 0700 when the first one is set. */
  readonly dir: string
  /** Default: the value is in its file as it is, in base64. */
  readonly encryption?: SecretEncryption
  /** Name of this instance. Default `file`. */
  readonly name?: string
  readonly clock?: Clock
}

/** What is told of a stored secret. It needs no key. */
export interface SecretEntry extends SecretDescription {
  readonly version: string
  /** Epoch milliseconds of the first value under this name. */
  readonly createdAt: number
  /** Epoch milliseconds of this value. */
  readonly updatedAt: number
  readonly encrypted: boolean
}

export interface SetSecretOptions extends CallOptions {
  /** Epoch milliseconds after which the value is refused. */
  readonly expiresAt?: number
}

/** A `SecretStore` that can also be written. */
export interface FileSecrets extends SecretStore {
  describe(ref: string, options?: CallOptions): Promise<SecretEntry | undefined>
  /**
   * Stores a value under a name, in place of the one that is there; durable when it resolves. Errors: `INVALID_INPUT`
   * and `LIMIT_EXCEEDED` (see `checkSecretName`, `checkSecretValue`), `FORBIDDEN` where one that is encrypted would
   * become plain or the other way round, `INTEGRITY` where the file that is there is damaged: it is left as it is.
   */
  set(name: string, value: Uint8Array, options?: SetSecretOptions): Promise<SecretEntry>
  /**
   * As `SecretStore` says; the end of the value that is there stays. Between the last look at the version and the writing is less than a millisecond, in which
   * somebody else's `set` or `delete` is undone.
   */
  replace(ref: string, version: string, value: Uint8Array, options?: CallOptions): Promise<SecretEntry>
  /** Removes a secret, also a damaged one; `false` if there is none. */
  delete(name: string, options?: CallOptions): Promise<boolean>
  /** All secrets, by name. Errors: `INTEGRITY` after the last one, with each file that is damaged. */
  list(options?: CallOptions): AsyncIterable<SecretEntry>
}

// Header, base64 of a sealed value, digest.
const longestFile = 2 * SECRET_LIMITS.maxBytes

/**
 * Secrets in files of mode 0600 in a folder of mode 0700, plain or encrypted with age. Each secret has a file of its own,
 * which is replaced whole: writers of different names do not meet, and of two writers of one name the later stays, whole.
 *
 * Errors: `NOT_FOUND`; `FORBIDDEN` (others have access, a link, another owner, a wrong key, an expired value);
 * `INTEGRITY` with its place (a damaged file); `UNSUPPORTED` (a newer format); `LIMIT_EXCEEDED` (disk full); `ABORTED`.
 */
export function fileSecrets(options: FileSecretsOptions): FileSecrets {
  const dir = resolve(options.dir)
  const { encryption, name: instance = 'file', clock = systemClock } = options
  const pathOf = (name: string): string => join(dir, fileNameOf(name))
  const guarantees: SecretsGuarantees = {
    expiry: { value: true, proof: 'tested' },
    encrypted: { value: encryption !== undefined, proof: 'tested' },
    removal: { value: true, proof: 'tested' },
  }

  async function load(name: string): Promise<ReturnType<typeof parseSecretFile> | undefined> {
    if (!SECRET_NAME.test(name) || !(await requirePrivateFolder(dir))) return undefined
    const file = await readPrivateFile(pathOf(name), longestFile)
    return file && parseSecretFile(file, name, pathOf(name))
  }

  async function resolveOne(ref: string): Promise<{ readonly value: Uint8Array } & SecretEntry> {
    const found = await load(ref)
    if (found === undefined) throw noSuchSecret(ref, instance)
    const { header, body } = found
    const value = await unseal(header, body, encryption)
    if (header.expiresAt !== undefined && clock.now() >= header.expiresAt)
      throw new SeamError('FORBIDDEN', `The secret ${ref} expired at ${new Date(header.expiresAt).toISOString()}.`, {
        remedy: 'Have a new one issued, and set it.',
      })
    return { ...entryOf(header), value }
  }

  async function put(name: string, value: Uint8Array, expiresAt: number | undefined): Promise<SecretEntry> {
    checkSecretName(name)
    checkSecretValue(name, value)
    const now = clock.now()
    requireToCome(expiresAt, now)
    const before = await load(name)
    if (before !== undefined) requireSame(before.header, encryption)
    return write(name, value, { createdAt: before?.header.createdAt ?? now, updatedAt: now, expiresAt })
  }

  async function replace(name: string, version: string, value: Uint8Array): Promise<SecretEntry> {
    checkSecretValue(name, value)
    async function current(): Promise<SecretHeader> {
      const found = await load(name)
      if (found === undefined) throw noSuchSecret(name, instance)
      if (found.header.version !== version)
        throw new SeamError('CONFLICT', `The secret ${name} was set anew meanwhile.`, { remedy: 'Resolve it again.' })
      return found.header
    }
    const before = await current()
    requireSame(before, encryption)
    const { createdAt, expiresAt } = before
    return write(name, value, { createdAt, updatedAt: clock.now(), expiresAt }, async () => void (await current()))
  }

  async function write(
    name: string,
    value: Uint8Array,
    {
      createdAt,
      updatedAt,
      expiresAt,
    }: Pick<SecretHeader, 'createdAt' | 'updatedAt'> & { readonly expiresAt: number | undefined },
    look?: () => Promise<void>,
  ): Promise<SecretEntry> {
    const header: SecretHeader = {
      name,
      version: randomBytes(12).toString('hex'),
      createdAt,
      updatedAt,
      ...(expiresAt !== undefined && { expiresAt }),
      sealed: encryption === undefined ? 'plain' : 'age',
    }
    const file = writeSecretFile(header, await seal(header, value, encryption))
    try {
      await makeFolder(dir)
    } catch (error) {
      throw fromSystemError(error, `Making the folder ${dir}`)
    }
    await requirePrivateFolder(dir)
    await removeAbandoned(dir, Date.now())
    await replacePrivateFile(pathOf(name), file, look)
    return entryOf(header)
  }

  async function names(): Promise<readonly string[]> {
    if (!(await requirePrivateFolder(dir))) return []
    try {
      return (await readdir(dir)).flatMap((file) => nameOfFile(file) ?? []).sort()
    } catch (error) {
      throw fromSystemError(error, `Listing ${dir}`)
    }
  }

  return {
    spec: 'secrets/v1',
    kind: encryption === undefined ? 'file' : 'file.age',
    name: instance,
    guarantees,
    async resolve(ref, { signal } = {}) {
      throwIfAborted(signal)
      return orAbort(resolveOne(ref), signal)
    },
    async describe(ref, { signal } = {}) {
      throwIfAborted(signal)
      const found = await orAbort(load(ref), signal)
      return found && entryOf(found.header)
    },
    async set(name, value, { expiresAt, signal } = {}) {
      throwIfAborted(signal)
      return put(name, Uint8Array.from(value), expiresAt)
    },
    async replace(ref, version, value, { signal } = {}) {
      throwIfAborted(signal)
      return replace(ref, version, Uint8Array.from(value))
    },
    async delete(name, { signal } = {}) {
      throwIfAborted(signal)
      checkSecretName(name)
      if (!(await requirePrivateFolder(dir))) return false
      await removeAbandoned(dir, Date.now())
      return removePrivateFile(pathOf(name))
    },
    async *list({ signal } = {}) {
      const problems: Problem[] = []
      for (const name of await names()) {
        throwIfAborted(signal)
        try {
          const found = await load(name)
          // Removed since.
          if (found !== undefined) yield entryOf(found.header)
        } catch (error) {
          if (!hasCode(error, 'INTEGRITY')) throw error
          problems.push(...error.problems)
        }
      }
      const [first] = problems
      if (first !== undefined) throw new SeamError('INTEGRITY', first.message, { problems })
    },
  }
}

function requireToCome(expiresAt: number | undefined, now: number): void {
  if (expiresAt !== undefined && (!isTime(expiresAt) || expiresAt <= now))
    throw new SeamError('INVALID_INPUT', 'The time at which the secret expires is no time to come.', {
      remedy: 'Give one that is, or none.',
    })
}

function entryOf({ name, version, createdAt, updatedAt, expiresAt, sealed }: SecretHeader): SecretEntry {
  return {
    ref: name,
    version,
    createdAt,
    updatedAt,
    ...(expiresAt !== undefined && { expiresAt }),
    encrypted: sealed === 'age',
  }
}
