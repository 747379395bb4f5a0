import { defineConfig } from '@seamark/config'
import { postgresJournal } from '@seamark/journal-postgres'
import { named } from './named.ts'

/**
 * The log in PostgreSQL. The address is in a file, since it has a password in it. The newest signed checkpoint is also
 * kept outside of the database, which so can not silently lose records.
 */
export default defineConfig({
  journal: postgresJournal({
    urlFile: named('SEAMARK_DATABASE_URL_FILE'),
    checkpointDir: named('SEAMARK_CHECKPOINT_DIR'),
    deployment: named('SEAMARK_DEPLOYMENT'),
    standby: true,
  }),
  require: { journal: { durable: true, fenced: true, proof: 'tested' } },
})
