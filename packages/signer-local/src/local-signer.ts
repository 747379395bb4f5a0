import type { KeyRole, Signer, SignerGuarantees } from '@seamark/core'
import { fromSystemError, SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { createFile, makeFolder } from '@seamark/kit/files'
import { sign } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { newKeyFile, parseKeyFile } from './key-file.ts'
import type { LocalKey } from './key-file.ts'

export interface LocalSignerOptions {
  /** The key's file. Made once, at first use, with mode 0600 in a folder with mode 0700. */
  readonly path: string
  /** What the key vouches for; a file made for one role is refused for another. */
  readonly role: KeyRole
  /** Name of this instance. Default `local-` and the role. */
  readonly name?: string
  /** The key that must be there. With it a missing file is `NOT_FOUND` and another key `INTEGRITY`; nothing is made. */
  readonly keyId?: string
}

const guarantees: SignerGuarantees = { keyConfined: { value: false, proof: 'tested' } }
const longestFile = 16 * 1024

async function readKeyFile(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return undefined
  try {
    const stats = await handle.stat()
    if ((stats.mode & 0o077) !== 0)
      throw new SeamError('FORBIDDEN', `Others than its owner have access to the key file ${path}.`, {
        remedy: `Run: chmod 600 '${path}'. If others were on this machine, treat the key as compromised.`,
      })
    if (!stats.isFile() || stats.size > longestFile)
      throw new SeamError('INTEGRITY', `The key file ${path} is not a file of at most 16 KiB.`, {
        remedy: 'Name the path of the key, or restore it from a backup.',
      })
    return await handle.readFile('latin1')
  } finally {
    await handle.close()
  }
}

/**
 * Signs with an Ed25519 key (RFC 8032) in a PKCS#8 PEM file. The key is made once and kept: of
 * several processes that begin at once, one makes it and all use it.
 *
 * Errors: `FORBIDDEN` (no access, or others have), `INTEGRITY` (damaged, other role, other key than
 * `keyId`), `NOT_FOUND` (with `keyId`), `LIMIT_EXCEEDED` (disk full).
 */
export function localSigner(options: LocalSignerOptions): Signer {
  const path = resolve(options.path)
  let loading: Promise<LocalKey> | undefined

  async function load(): Promise<LocalKey> {
    let text = await readKeyFile(path)
    if (text === undefined && options.keyId === undefined) {
      await makeFolder(dirname(path))
      await createFile(path, Buffer.from(newKeyFile(options.role), 'latin1'))
      text = await readKeyFile(path)
    }
    if (text === undefined)
      throw new SeamError('NOT_FOUND', `There is no key file ${path}.`, { remedy: 'Restore it from a backup.' })
    const key = parseKeyFile(text, options.role, path)
    if (options.keyId !== undefined && options.keyId !== key.keyId)
      throw new SeamError('INTEGRITY', `The key file ${path} holds key ${key.keyId}, not ${options.keyId}.`, {
        remedy: 'Restore the right file from a backup, or name the right path.',
      })
    return key
  }

  async function key(signal: AbortSignal | undefined): Promise<LocalKey> {
    throwIfAborted(signal)
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw fromSystemError(error, `Opening the key file ${path}`)
    })
    return loading
  }

  return {
    spec: 'signer/v1',
    kind: 'local',
    name: options.name ?? `local-${options.role}`,
    role: options.role,
    guarantees,
    async sign(bytes, { signal } = {}) {
      // The caller may change its bytes while the key is read.
      const message = Uint8Array.from(bytes)
      const { privateKey, keyId } = await key(signal)
      return { signature: new Uint8Array(sign(null, message, privateKey)), algorithm: 'ed25519', keyId }
    },
    async publicKey({ signal } = {}) {
      const { publicBytes, keyId } = await key(signal)
      return { algorithm: 'ed25519', bytes: Uint8Array.from(publicBytes), keyId }
    },
  }
}
