import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import type { KeySpec } from '@aws-sdk/client-kms'

/** Keys in a real account, made for a test and then to be deleted after 7 days. */
export function liveKeys(region: string) {
  const client = new KMSClient({ region })
  const made: string[] = []
  return {
    async create(spec: KeySpec): Promise<string> {
      const { KeyMetadata } = await client.send(
        new CreateKeyCommand({
          KeySpec: spec,
          KeyUsage: spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY',
          Description: 'made by a test of Seamark',
        }),
      )
      const arn = KeyMetadata?.Arn ?? ''
      made.push(arn)
      return arn
    },
    disable: (KeyId: string) => client.send(new DisableKeyCommand({ KeyId })),
    enable: (KeyId: string) => client.send(new EnableKeyCommand({ KeyId })),
    async dispose(): Promise<void> {
      for (const KeyId of made) await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
      client.destroy()
    },
  }
}
