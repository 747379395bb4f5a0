import { s3LockAnchor } from '@seamark/anchor-s3-lock'
import { defineConfig } from '@seamark/config'
import { postgresJournal } from '@seamark/journal-postgres'
import { kmsSigner } from '@seamark/signer-kms'
import { s3Storage } from '@seamark/storage-s3'
import { named } from './named.ts'

/** Nothing but attempts on this machine: log, blobs, signing key and anchored checkpoints are elsewhere. */
export default defineConfig({
  journal: postgresJournal({
    urlFile: named('SEAMARK_DATABASE_URL_FILE'),
    deployment: named('SEAMARK_DEPLOYMENT'),
    standby: true,
  }),
  storage: s3Storage({ bucket: named('SEAMARK_BUCKET') }),
  signer: kmsSigner({
    keyId: named('SEAMARK_LOG_KEY'),
    publicKey: named('SEAMARK_LOG_PUBLIC_KEY'),
    role: 'log',
  }),
  anchors: [s3LockAnchor({ bucket: named('SEAMARK_WORM_BUCKET'), retentionDays: 2_555 })],
  require: {
    journal: { durable: true, fenced: true, proof: 'tested' },
    storage: { durable: true, verifiedRead: true },
    signer: { keyConfined: true },
    anchors: { count: 1, beyondOperator: true },
  },
})
