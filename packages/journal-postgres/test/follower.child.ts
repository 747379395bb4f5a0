// Follows a namespace and says which records it has seen.
import { writeSync } from 'node:fs'
import { postgresJournal } from '../src/index.ts'

const [, , url = '', schema = ''] = process.argv
const { journal } = postgresJournal({ url, schema })
writeSync(1, 'ready\n')
for await (const { seq } of journal.read('default', 0, { follow: true })) writeSync(1, `seen ${seq}\n`)
