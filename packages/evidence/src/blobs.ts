import type { AnyRecord, BlobRef, Product } from '@seamark/core'

/** Every blob that a record names as made by the run: products, logs, snapshots. Inputs name blobs of earlier products. */
export function blobsOf(record: AnyRecord): BlobRef[] {
  switch (record.kind) {
    case 'item.captured':
    case 'item.taken':
      return productBlobs(record.data.product)
    case 'attempt.ended':
      return record.data.product === undefined ? [] : productBlobs(record.data.product)
    case 'gate.ended':
      return present([record.data.stdout, record.data.stderr, ...logs(record.data.services)])
    case 'layer.ended':
      return present([record.data.stdout, record.data.stderr])
    case 'item.parked':
      return present([record.data.snapshot])
    default:
      return []
  }
}

/** Every blob of a product. */
export function productBlobs(product: Product): BlobRef[] {
  return present([
    product.patch,
    ...product.outputs.map(({ blob }) => blob),
    product.stdout,
    product.stderr,
    product.stdin,
    product.snapshot,
    ...logs(product.services),
  ])
}

function logs(services: Product['services'] = []): (BlobRef | undefined)[] {
  return services.map(({ log }) => log)
}

function present(blobs: readonly (BlobRef | undefined)[]): BlobRef[] {
  return blobs.filter((blob) => blob !== undefined).map(({ sha256, size }) => ({ sha256, size }))
}
