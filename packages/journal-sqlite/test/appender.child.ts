// Appends batches without end, and says after each what was acknowledged. Begins when it is told to.
import { openLog } from '@seamark/testing'
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { sqliteJournal } from '../src/index.ts'

const [, , dir = ''] = process.argv
writeSync(1, 'ready\n')
await once(process.stdin, 'data')
const { journal } = sqliteJournal({ dir, reserveBytes: 4096 })
const log = await openLog(journal, 'default', 'appender')
for (let round = 0; ; round++) {
  await log.append(1 + ((round * 7) % 40))
  writeSync(1, `acknowledged ${log.frontier.size}\n`)
  if (round % 5 === 4) {
    const checkpoint = log.checkpoint()
    await journal.commitCheckpoint(log.lease, checkpoint)
    writeSync(1, `checkpoint ${checkpoint.size}\n`)
  }
}
