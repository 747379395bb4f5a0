import type { SecretStore } from '@seamark/core'
import { checkSecretName, fromSystemError, SeamError, SECRET_LIMITS, systemCode, throwIfAborted } from '@seamark/kit'
import { createHmac, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

export interface MountedSecretsOptions {
  /** A folder with a file for each secret, such as `/run/secrets`. */
  readonly dir: string
  /** Name of this instance. Default `mounted`. */
  readonly name?: string
}

/**
 * Secrets that something else has put into files: Docker and Podman in `/run/secrets`, Kubernetes where a Secret is mounted,
 * systemd in `$CREDENTIALS_DIRECTORY`. The value is what is in the file, byte for byte, and is read each time.
 *
 * Errors: `NOT_FOUND`, `INVALID_INPUT` for what is no name, `FORBIDDEN` for what may not be read or leads out of the folder, `LIMIT_EXCEEDED`
 * for what is too large, `UNAVAILABLE` where the folder is not there, `ABORTED`.
 */
export function mountedSecrets({ dir, name = 'mounted' }: MountedSecretsOptions): SecretStore {
  // Drawn once and kept nowhere: no guess at a value can be checked against its version.
  const key = randomBytes(32)
  const versionOf = (ref: string, value: Uint8Array) =>
    createHmac('sha256', key).update(`${ref}\0`).update(value).digest('hex').slice(0, 24)

  async function find(ref: string, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    throwIfAborted(signal)
    checkSecretName(ref)
    const folder = await realpath(dir).catch((error: unknown) => {
      throw new SeamError('UNAVAILABLE', `There is no folder of secrets at ${dir}.`, {
        cause: error,
        remedy: 'Mount the secrets, or name the folder where they are.',
      })
    })
    try {
      // Kubernetes has links in it, so links are followed, but not out of the folder.
      const path = await realpath(join(folder, ref))
      if (!path.startsWith(`${folder}${sep}`))
        throw new SeamError('FORBIDDEN', `The file of the secret ${ref} is a link that leads out of ${dir}.`)
      return await readBounded(path, ref)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw fromSystemError(error, `Reading the secret ${ref}`)
    }
  }

  return {
    spec: 'secrets/v1',
    kind: 'mounted',
    name,
    guarantees: {},
    async resolve(ref, { signal } = {}) {
      const value = await find(ref, signal)
      if (value === undefined)
        throw new SeamError('NOT_FOUND', `There is no secret ${ref} in ${name}.`, {
          remedy: 'Mount it under this name, or name another one.',
        })
      return { ref, value, version: versionOf(ref, value) }
    },
    async describe(ref, { signal } = {}) {
      const value = await find(ref, signal)
      return value && { ref, version: versionOf(ref, value) }
    },
  }
}

async function readBounded(path: string, ref: string): Promise<Uint8Array> {
  // A pipe in its place must not hold the service up.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile())
      throw new SeamError('FORBIDDEN', `What is there for the secret ${ref} is no file.`)
    const room = new Uint8Array(SECRET_LIMITS.maxBytes + 1)
    let filled = 0
    for (let read = 1; read > 0 && filled < room.byteLength; filled += read)
      read = (await file.read(room, filled, room.byteLength - filled)).bytesRead
    if (filled > SECRET_LIMITS.maxBytes)
      throw new SeamError('LIMIT_EXCEEDED', `The file of the secret ${ref} has over ${SECRET_LIMITS.maxBytes} bytes.`, {
        remedy: 'Keep the data elsewhere, and here the key to it.',
      })
    return room.slice(0, filled)
  } finally {
    await file.close()
  }
}
