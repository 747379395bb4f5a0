import { PgBoss } from 'pg-boss'
import { median } from '../stats.ts'

/** Jobs that do nothing, through `work()` of pg-boss, as many at a time as the plan has slots. Resolves with the median milliseconds from their submission to the end of the last. */
export async function measure(input: {
  readonly url: string
  readonly jobs: number
  readonly runs: number
}): Promise<number> {
  const { url, jobs, runs } = input
  const boss = new PgBoss({ connectionString: url, schema: 'boss' })
  boss.on('error', (error) => {
    throw error
  })
  await boss.start()
  const times: number[] = []
  // The first one warms up.
  for (let run = 0; run <= runs; run++) {
    const queue = `queue-${run}`
    await boss.createQueue(queue)
    const started = performance.now()
    for (let at = 0; at < jobs; at += 1_000)
      await boss.insert(
        queue,
        Array.from({ length: Math.min(1_000, jobs - at) }, (_, i) => ({ data: { item: at + i } })),
      )
    let done = 0
    const over = Promise.withResolvers<void>()
    await boss.work(queue, { batchSize: 64, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }, async (batch) => {
      done += batch.length
      if (done >= jobs) over.resolve()
    })
    await over.promise
    // The last batch is completed after its handler.
    await boss.offWork(queue, { wait: true })
    times.push(performance.now() - started)
  }
  await boss.stop({ graceful: true })
  return median(times.slice(1))
}
