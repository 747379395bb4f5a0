import type { StorageProvider } from '@seamark/core'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

export const code = (expected: string): unknown => expect.objectContaining({ code: expected })

/** A folder for one test, removed after it. */
export async function freshFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-storage-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export async function read(
  storage: StorageProvider,
  key: string,
  range?: { readonly start: number; readonly end?: number },
): Promise<Buffer | undefined> {
  const found = await storage.get(key, range === undefined ? {} : { range })
  if (found === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function keys(storage: StorageProvider, prefix = ''): Promise<readonly string[]> {
  const out: string[] = []
  for await (const { key } of storage.list(prefix)) out.push(key)
  return out
}

/** Source of a child process that has `storage` on a folder. */
export function childSource(dir: string, body: string): string {
  return `import { folderStorage } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
    const storage = folderStorage({ dir: ${JSON.stringify(dir)} })
    ${body}`
}
