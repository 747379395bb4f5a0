import { defineConfig } from '@seamark/config'
import { kmsSigner } from '@seamark/signer-kms'
import { named } from './named.ts'

/** Checkpoints signed in KMS, by the key that is pinned here. Exports stay with a local key: KMS signs at most 4,096 bytes. */
export default defineConfig({
  signer: kmsSigner({
    keyId: named('SEAMARK_LOG_KEY'),
    publicKey: named('SEAMARK_LOG_PUBLIC_KEY'),
    role: 'log',
  }),
  require: { signer: { keyConfined: true } },
})
