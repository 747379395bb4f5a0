import { s3LockAnchor } from '@seamark/anchor-s3-lock'
import { defineConfig } from '@seamark/config'
import { encryptedJournal, encryptedStorage } from '@seamark/encryption'
import { postgresJournal } from '@seamark/journal-postgres'
import { kmsDataKeys, kmsSigner } from '@seamark/signer-kms'
import { s3Storage } from '@seamark/storage-s3'
import { named } from './named.ts'

const keys = kmsDataKeys({ keyId: named('SEAMARK_DATA_KEY') })
const { journal, projections } = postgresJournal({
  urlFile: named('SEAMARK_DATABASE_URL_FILE'),
  deployment: named('SEAMARK_DEPLOYMENT'),
  standby: true,
})

/** As `all-four.config.ts`, with payloads, snapshots and blobs encrypted before they leave the process. */
export default defineConfig({
  journal: { journal: encryptedJournal(journal, { keys }), projections },
  storage: encryptedStorage(s3Storage({ bucket: named('SEAMARK_BUCKET') }), { keys }),
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
