import { DBOS } from '@dbos-inc/dbos-sdk'
import { median } from '../stats.ts'

const stepsPerWorkflow = 100
const concurrency = 64

/** Steps that do nothing, each durable, of workflows that run beside each other. Resolves with the median milliseconds. */
export async function measure(input: {
  readonly url: string
  readonly steps: number
  readonly runs: number
}): Promise<number> {
  const { url, steps, runs } = input
  const database = new URL(url)
  database.pathname = '/dbos_bench'
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: database.href, systemDatabasePoolSize: 20, logLevel: 'error' })
  const workflow = DBOS.registerWorkflow(
    async () => {
      for (let i = 0; i < stepsPerWorkflow; i++) await DBOS.runStep(() => Promise.resolve(i), { name: 'step' })
    },
    { name: 'bench' },
  )
  await DBOS.launch()
  const times: number[] = []
  // The first one warms up.
  for (let run = 0; run <= runs; run++) {
    let left = steps / stepsPerWorkflow
    const started = performance.now()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (left-- > 0) await workflow()
      }),
    )
    times.push(performance.now() - started)
  }
  await DBOS.shutdown()
  return median(times.slice(1))
}
