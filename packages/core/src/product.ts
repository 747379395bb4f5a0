import type { BlobRef } from './seam.ts'
import type { ServiceReport } from './services.ts'

/** What a launch was given from another item's product. */
export interface InputRef {
  readonly name: string
  /** Id of the item that made it. */
  readonly from: string
  readonly select: 'patch' | 'workspace' | 'output'
  /** Path of the output, for `select: 'output'`. */
  readonly path?: string
  readonly blob: BlobRef
}

/** A conversation of an agent that can be gone on with. */
export interface KeptConversation {
  /** As its program named it; at most 200 characters. */
  readonly id: string
  /** What its program keeps of it, as a tar; absent where it keeps nothing. */
  readonly state?: BlobRef
}

/** What an attempt left, by digest. At most 100 outputs. */
export interface Product {
  /** Changes against the base tree, in git's binary patch format. Absent where nothing changed. */
  readonly patch?: BlobRef & {
    readonly files: number
    /** Git tree id of the base and of the result. */
    readonly baseTree: string
    readonly tree: string
  }
  readonly outputs: readonly { readonly path: string; readonly blob: BlobRef }[]
  readonly stdout: BlobRef
  readonly stderr: BlobRef
  /**
   * What was written to its program, as lines of JSON: `{ after, text }`, with how many bytes of `stdout` come before it. `unsure`
   * where the program may not have it; `omitted`, a count of bytes, in the place of a `text` that was not kept. Absent where nothing was written.
   */
  readonly stdin?: BlobRef
  /** The whole workspace as a tar, made before it was removed; absent where it was waived. */
  readonly snapshot?: BlobRef
  readonly services?: readonly ServiceReport[]
}
