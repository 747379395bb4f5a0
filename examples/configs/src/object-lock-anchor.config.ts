import { s3LockAnchor } from '@seamark/anchor-s3-lock'
import { defineConfig } from '@seamark/config'
import { named } from './named.ts'

/** Checkpoints left where nobody can remove them for seven years. */
export default defineConfig({
  anchors: [s3LockAnchor({ bucket: named('SEAMARK_WORM_BUCKET'), retentionDays: 2_555 })],
  require: { anchors: { count: 1, beyondOperator: true } },
})
