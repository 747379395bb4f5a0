import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

/** Ids of the processes that are seen inside. */
export function processes(): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
}

/** A field of `/proc/self/status`; empty where it is not shown. */
export function statusField(field: string): string {
  return new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
}

/** Whether a folder has entries, or a file bytes. */
export function hasContent(path: string): boolean {
  try {
    return readdirSync(path).length > 0
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) throw error
  }
  const file = openSync(path, 'r')
  try {
    return readSync(file, Buffer.alloc(16)) > 0
  } finally {
    closeSync(file)
  }
}
