import type { BlobRef, CallOptions, StorageProvider } from '@seamark/core'
import { blobKey, SeamError, throwIfAborted } from '@seamark/kit'
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Content-addressed blobs of one namespace. */
export interface Blobs {
  /** Makes a stream durable under its digest. */
  store(body: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<BlobRef>
  /** The bytes of a blob, checked. Errors: `NOT_FOUND`, `INTEGRITY`. */
  fetch(ref: BlobRef, options?: CallOptions): AsyncIterable<Uint8Array>
}

const maxInMemory = 2 ** 20

export function blobs(storage: StorageProvider, ns: string, tmp: string): Blobs {
  return {
    async store(body, options) {
      const spool = join(tmp, randomUUID())
      const hash = createHash('sha256')
      let held: Uint8Array[] = []
      let size = 0
      let file: FileHandle | undefined
      const closeSpool = async () => {
        const open = file
        file = undefined
        await open?.close()
      }
      let spooled = false
      try {
        for await (const chunk of body) {
          throwIfAborted(options?.signal)
          hash.update(chunk)
          size += chunk.byteLength
          // The source may use its buffer again.
          held.push(Uint8Array.from(chunk))
          if (size <= maxInMemory) continue
          if (file === undefined) {
            await mkdir(tmp, { recursive: true, mode: 0o700 })
            file = await open(spool, 'wx', 0o600)
            spooled = true
          }
          for (const part of held) await file.writeFile(part)
          held = []
        }
        await closeSpool()
        const sha256 = hash.digest('hex')
        const key = blobKey(ns, sha256)
        const about = { ifAbsent: true, size, sha256, ...options }
        if (!spooled) await storage.put(key, Buffer.concat(held), about)
        else {
          const content = createReadStream(spool)
          try {
            await storage.put(key, content, about)
          } finally {
            // A storage that has the blob already need not read it.
            content.destroy()
          }
        }
        return { sha256, size }
      } finally {
        try {
          await closeSpool()
        } finally {
          if (spooled) await rm(spool, { force: true })
        }
      }
    },
    async *fetch(ref, options) {
      // The product of an item that changed nothing; it need not be stored to be known.
      if (ref.size === 0) return
      const found = await storage.get(blobKey(ns, ref.sha256), options)
      if (found === undefined)
        throw new SeamError('NOT_FOUND', `Blob ${ref.sha256} is not in storage any more.`, {
          remedy: 'Restore it, or run the item that made it again.',
        })
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of found.body) {
        hash.update(chunk)
        size += chunk.byteLength
        yield chunk
      }
      if (size !== ref.size || hash.digest('hex') !== ref.sha256)
        throw new SeamError('INTEGRITY', `Blob ${ref.sha256} is not what was stored.`)
    },
  }
}
