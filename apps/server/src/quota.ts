import type { CallOptions, StorageProvider } from '@seamark/core'
import { orAbort, SeamError, throwIfAborted, toSeamError } from '@seamark/kit'

export interface StorageUse {
  readonly bytes: number
  readonly maxBytes: number
}

/** How much the storage may hold of a namespace. */
export interface Quota {
  /** Looks at every object. */
  measure(options?: CallOptions): Promise<StorageUse>
  /**
   * Whether a run may begin. Room that was seen is believed for a minute, and then while it is looked at again; no refusal is. Errors:
   * `LIMIT_EXCEEDED`, those of `StorageProvider.list`, `ABORTED`.
   */
  requireRoom(options?: CallOptions): Promise<void>
}

export interface StorageQuotaOptions {
  readonly ns: string
  /** Absent: any. */
  readonly maxBytes: number | undefined
  readonly storage: Pick<StorageProvider, 'list'>
  /** Milliseconds, of a clock that is never set back. */
  readonly now: () => number
  readonly onNotice: (error: Error) => void
}

const believedMs = 60_000

export function storageQuota(options: StorageQuotaOptions): Quota | undefined {
  const { ns, storage, now, onNotice } = options
  if (options.maxBytes === undefined) return undefined
  const maxBytes: number = options.maxBytes
  /** When room was seen last. */
  let seenAt: number | undefined
  let going: Promise<StorageUse> | undefined

  async function measure({ signal }: CallOptions = {}): Promise<StorageUse> {
    let bytes = 0
    for await (const { size } of storage.list(`${ns}/`, signal && { signal })) {
      throwIfAborted(signal)
      bytes += size
    }
    return { bytes, maxBytes }
  }

  /** One at a time, for all who ask: none of them ends it. */
  function look(): Promise<StorageUse> {
    const at = now()
    going ??= measure()
      .then((use) => {
        seenAt = use.bytes > use.maxBytes ? undefined : at
        return use
      })
      .finally(() => {
        going = undefined
      })
    return going
  }

  return {
    measure,
    async requireRoom({ signal } = {}) {
      if (seenAt !== undefined) {
        if (now() - seenAt >= believedMs) look().catch((error: unknown) => onNotice(toSeamError(error)))
        return
      }
      const { bytes } = await orAbort(look(), signal)
      if (bytes > maxBytes)
        throw new SeamError('LIMIT_EXCEEDED', `The storage holds ${bytes} bytes; the quota is ${maxBytes}.`, {
          remedy: 'Call `seamark gc`, keep runs for a shorter time, release holds, or raise quotas.storage.',
        })
    },
  }
}
