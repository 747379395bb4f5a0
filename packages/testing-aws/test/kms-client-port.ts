import { KMSClient } from '@aws-sdk/client-kms'
import type { KMSClientConfig } from '@aws-sdk/client-kms'
import type { AwsCredentials } from '../src/index.ts'

export * from '@aws-sdk/client-kms'

/** The client of AWS, which does not know that the endpoint is ours. */
export function clientOf(
  server: { readonly endpoint: string; readonly region: string; readonly credentials: AwsCredentials },
  more: Partial<KMSClientConfig> = {},
): KMSClient {
  const { endpoint, region, credentials } = server
  return new KMSClient({ endpoint, region, credentials, maxAttempts: 1, ...more })
}
