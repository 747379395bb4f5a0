import type { AnchorReceipt } from '@seamark/core'

/** What a receipt of this anchor says beside the head. */
export interface ReceiptBody {
  readonly bucket: string
  readonly key: string
  readonly versionId: string
  /** Lower-case hex SHA-256 of the note that was left. */
  readonly sha256: string
  /** Epoch milliseconds that were read back. */
  readonly retainUntil: number
  readonly legalHold: boolean
}

export function receiptBody({ body }: AnchorReceipt): ReceiptBody | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const field = (name: string): unknown => Reflect.get(body, name)
  const [bucket, key, versionId, sha256] = ['bucket', 'key', 'versionId', 'sha256'].map(field)
  const [retainUntil, legalHold] = [field('retainUntil'), field('legalHold')]
  if (typeof bucket !== 'string' || typeof key !== 'string' || typeof versionId !== 'string') return undefined
  if (typeof sha256 !== 'string' || typeof retainUntil !== 'number' || typeof legalHold !== 'boolean') return undefined
  return { bucket, key, versionId, sha256, retainUntil, legalHold }
}
