/** A leader with items in flight, in a process of its own: says so, and waits to be killed. */
import { mkdtempSync } from 'node:fs'
import { postgresJournal } from '@seamark/journal-postgres'
import { heldExecutor } from '../held.ts'
import { submissionOf } from '../plans.ts'
import { startRig } from '../rig.ts'

const [, , url = '', dir = '', items = ''] = process.argv
const count = Number(items)
const { engine } = await startRig(mkdtempSync(dir), undefined, postgresJournal({ url, schema: 'takeover' }), {
  executors: [heldExecutor()],
  queues: { default: { concurrency: count } },
})
await engine.submit({ id: 'local:0' }, submissionOf('held', 'flat', count))
while (engine.stats().running < count) await new Promise((resolve) => setTimeout(resolve, 10))
process.send?.('running')
// It is killed by whoever started it, or ends with it.
process.once('disconnect', () => process.exit())
