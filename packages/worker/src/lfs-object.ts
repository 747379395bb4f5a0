import type { BytePath } from './path-bytes.ts'
import type { TreeEntry } from './result-paths.ts'

/** A file of a tree that is a pointer to an object of Git LFS. */
export interface LfsFile extends TreeEntry {
  readonly object: LfsObject
}

export interface LfsObject {
  /** SHA-256 of the file, in hex. */
  readonly sha256: string
  /** Bytes of the file. */
  readonly size: number
}

export type LfsFiles = ReadonlyMap<BytePath, LfsFile>
