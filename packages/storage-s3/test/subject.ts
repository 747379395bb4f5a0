import type { StorageSubject } from '@seamark/conformance/storage'
import { s3Storage } from '../src/index.ts'
import type { S3StorageOptions } from '../src/index.ts'
import { rawBucket } from './raw-port.ts'
import type { Access } from './raw-port.ts'

/** Options of a storage on a server of the suite. */
export function on(access: Access, bucket: string, more: Partial<S3StorageOptions> = {}): S3StorageOptions {
  if (!('endpoint' in access)) return { bucket, region: access.region, ...more }
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  return { bucket, endpoint, region, pathStyle: true, credentials: { accessKeyId, secretAccessKey }, ...more }
}

/** A storage alone in a bucket of its own. `through` is where it sends its requests, if not to the server itself. */
export async function subjectOn(
  access: Access,
  through: Access = access,
  more: Partial<S3StorageOptions> = {},
): Promise<StorageSubject> {
  const raw = await rawBucket(access)
  const make = () => s3Storage(on(through, raw.bucket, more))
  const seam = make()
  await seam.ready()
  return {
    seam,
    reopen: async () => make(),
    damage: (key) => raw.damage(key),
    dispose: () => raw.dispose(),
  }
}
