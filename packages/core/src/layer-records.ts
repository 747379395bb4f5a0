import type { Exit } from './executor.ts'
import type { BlobRef } from './seam.ts'

/** The `data` of records about setup layers. */
export interface LayerRecords {
  /** A setup layer is about to be built; `layer` is its digest. */
  'layer.launched': {
    readonly layer: string
    readonly launchId: string
    readonly executor: string
    /** Digest of its effective policy, where anything was said of what it may use. */
    readonly policy?: string
    /** Digest of the report of probes that the executor's promises rested on. */
    readonly probe?: string
  }
  'layer.ended': {
    readonly layer: string
    readonly outcome: 'ready' | 'failed'
    readonly reason: string
    /** Epoch milliseconds from which it is built again; absent where it is not. */
    readonly retryAt?: number
    readonly detail?: string
    readonly exit?: Exit
    readonly stdout?: BlobRef
    readonly stderr?: BlobRef
  }
}
