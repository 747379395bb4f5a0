// Appends batches without end, and says after each what was acknowledged. Begins when it is told to.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { isSeamError } from '@seamark/kit'
import { openLog } from '@seamark/testing'
import { postgresJournal } from '../src/index.ts'
import { appendPatiently } from './patient.ts'

const [, , url = '', schema = '', leaseMs = '3000', largest = '40'] = process.argv
writeSync(1, 'ready\n')
await once(process.stdin, 'data')
const { journal } = postgresJournal({ url, schema, leaseMs: Number(leaseMs) })
try {
  const log = await openLog(journal, 'default', 'appender')
  log.lease.lost.addEventListener('abort', () => writeSync(1, `lost ${code(log.lease.lost.reason)}\n`))
  for (let round = 0; ; round++) {
    await appendPatiently(journal, log, 1 + ((round * 1_237) % Number(largest)), (said) =>
      writeSync(1, `again ${said}\n`),
    )
    writeSync(1, `acknowledged ${log.frontier.size}\n`)
    if (round % 5 !== 4) continue
    const checkpoint = log.checkpoint()
    await journal.commitCheckpoint(log.lease, checkpoint).catch((error: unknown) => {
      if (code(error) !== 'UNAVAILABLE') throw error
    })
    writeSync(1, `checkpoint ${checkpoint.size}\n`)
  }
} catch (error) {
  writeSync(1, `refused ${code(error)} ${String(error)}\n`)
} finally {
  await journal.close()
  process.stdin.destroy()
}

function code(error: unknown): string {
  return isSeamError(error) ? error.code : String(error)
}
