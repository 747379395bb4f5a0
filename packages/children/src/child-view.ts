import type { BlobRef, ChildStatus } from '@seamark/core'
import { CHILDREN_LIMITS } from './limits.ts'

/** A child, in the words of its parent. */
export interface ChildView {
  /** As its parent chose it. */
  readonly id: string
  /** Its id in the run. */
  readonly item: string
  readonly status: ChildStatus['status']
  readonly reason?: string
  readonly patch?: BlobRef
  readonly outputs?: readonly { readonly path: string; readonly blob: BlobRef }[]
  /** How many more outputs there are than an answer has room for. */
  readonly outputsLeftOut?: number
}

/** `prefix` is what the ids of all children of the attempt begin with. */
export function childView({ id, status, reason, product }: ChildStatus, prefix: string): ChildView {
  return {
    id: id.slice(prefix.length),
    item: id,
    status,
    ...(reason !== undefined && { reason }),
    ...(product?.patch && { patch: { sha256: product.patch.sha256, size: product.patch.size } }),
    ...(product && product.outputs.length > 0 && { outputs: product.outputs }),
  }
}

/** As much of them as one answer has room for: every child, with the first outputs of all together. */
export function bounded(views: readonly ChildView[]): readonly ChildView[] {
  let room = CHILDREN_LIMITS.outputBytes
  return views.map((view) => {
    if (view.outputs === undefined) return view
    const outputs = view.outputs.filter((output) => (room -= Buffer.byteLength(JSON.stringify(output))) >= 0)
    const outputsLeftOut = view.outputs.length - outputs.length
    return outputsLeftOut === 0 ? view : { ...view, outputs, outputsLeftOut }
  })
}
