import { defineConfig } from '@seamark/config'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { cappedJournal } from './journal/capped-journal.ts'

export default defineConfig({
  journal: cappedJournal({ store: sqliteJournal({ dir: '/var/lib/seamark/journal' }), maxRecords: 10_000_000 }),
})
