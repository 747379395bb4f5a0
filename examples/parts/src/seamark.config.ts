import { defineConfig } from '@seamark/config'
import { env } from 'node:process'
import { gitAnchor } from './anchor/git-anchor.ts'
import { offlineExecutor } from './executor/offline-executor.ts'
import { mountedSecrets } from './secrets/mounted-secrets.ts'
import { sqliteStorage } from './storage/sqlite-storage.ts'

const { DATA = '/var/lib/seamark', WITNESS = 'git@git.example.org:ops/checkpoints.git', SECRETS = '/run/secrets' } = env

export default defineConfig({
  dataDir: DATA,
  storage: sqliteStorage({ file: `${DATA}/blobs.sqlite` }),
  executors: [offlineExecutor({ dir: DATA })],
  anchors: [gitAnchor({ repository: WITNESS, dir: `${DATA}/witness.git` })],
  secrets: mountedSecrets({ dir: SECRETS }),
  require: {
    storage: { verifiedRead: true, proof: 'tested' },
    executor: { network: 'none', proof: 'tested' },
    anchors: 1,
  },
})
