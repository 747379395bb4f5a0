import { defineConfig } from '@seamark/config'
import { postgresJournal } from '@seamark/journal-postgres'
import { named } from './named.ts'

/** The log in PostgreSQL. The address is in a file, since it has a password in it. */
export default defineConfig({
  journal: postgresJournal({ urlFile: named('SEAMARK_DATABASE_URL_FILE'), standby: true }),
  require: { journal: { durable: true, fenced: true, proof: 'tested' } },
})
