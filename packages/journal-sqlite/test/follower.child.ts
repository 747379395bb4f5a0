// Follows without the lease; says what it sees, and on `cpu` what a second of waiting costs.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { sqliteJournal } from '../src/index.ts'

const [, , dir = ''] = process.argv
const { journal } = sqliteJournal({ dir, readOnly: true })
void (async () => {
  for await (const { seq } of journal.read('default', 0, { follow: true })) writeSync(1, `seen ${seq}\n`)
})()
await once(process.stdin, 'data')
await setTimeout(1_500)
const before = process.cpuUsage()
await setTimeout(3_000)
const { user, system } = process.cpuUsage(before)
writeSync(1, `cpu ${(user + system) / 1_000 / 3_000}\n`)
