import { startPostgres } from '@seamark/testing-services'
import pg from 'pg'
import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { History } from '../measures/postgres-history.ts'
import type { ShapedRun } from '../measures/shaped-run.ts'
import { median, pairedRatio } from '../stats.ts'

interface Sizes {
  readonly items: number
  readonly chain: number
  readonly finished: number
  readonly pairs: number
}

const sizes: Readonly<Record<Scale, Sizes>> = {
  quick: { items: 2_000, chain: 500, finished: 20_000, pairs: 2 },
  full: { items: 10_000, chain: 2_000, finished: 1_000_000, pairs: 3 },
}
const measures = {
  flat: import.meta.resolve('../measures/postgres-runs.ts'),
  boss: import.meta.resolve('../measures/pg-boss-work.ts'),
  dbos: import.meta.resolve('../measures/dbos-steps.ts'),
  shaped: import.meta.resolve('../measures/postgres-shaped-run.ts'),
  takeover: import.meta.resolve('../measures/takeover.ts'),
  history: import.meta.resolve('../measures/postgres-history.ts'),
}
const inFlight = 1_000
const LOG_FILES = 96

/** The engine on PostgreSQL, beside queues and durable engines that use the same server in the same run. */
export async function measure(scale: Scale): Promise<Line[]> {
  const server = await startPostgres({
    settings: { shared_buffers: '512MB', max_wal_size: '8GB', min_wal_size: '2GB' },
  })
  try {
    await useLogFiles(server.url)
    return await onServer(server.url, sizes[scale])
  } finally {
    await server.stop()
  }
}

/**
 * A server that has run for a while writes its log into files that it used before; a new one makes each of 16 MiB when it is
 * needed, and whoever writes then waits for it. Makes those that the comparison takes, and has them used again.
 */
async function useLogFiles(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (let file = 0; file < LOG_FILES; file++) {
    await client.query("SELECT pg_logical_emit_message(false, 'bench', 'one file more')")
    await client.query('SELECT pg_switch_wal()')
  }
  await client.query('CHECKPOINT')
  await client.end()
}

async function onServer(url: string, { items, chain, finished, pairs }: Sizes): Promise<Line[]> {
  // What makes its own database makes it in the time that is measured; this one is there.
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE DATABASE dbos_bench')
  await client.end()

  const rates = { flat: new Array<number>(), boss: new Array<number>(), dbos: new Array<number>() }
  for (let pair = 0; pair < pairs; pair++) {
    const input = { url, runs: 3 }
    const flat = await inChild<number>(measures.flat, { ...input, schema: 'flat', shape: 'flat', items })
    rates.flat.push((items / flat.value) * 1_000)
    const boss = await inChild<number>(measures.boss, { ...input, jobs: items })
    rates.boss.push((items / boss.value) * 1_000)
    const dbos = await inChild<number>(measures.dbos, { url, runs: 1, steps: items })
    rates.dbos.push((items / dbos.value) * 1_000)
  }
  const { value: serial } = await inChild<ShapedRun>(measures.shaped, { url, shape: 'chain', items: chain, pairs })
  const { value: takeover } = await inChild<{ ms: number; taken: number }>(measures.takeover, { url, items: inFlight })
  const { value: history } = await inChild<History>(measures.history, { url, finished, items, pairs: 2 * pairs + 1 })

  const number = (value: number): string => value.toLocaleString('en-US')
  const flat = { value: median(rates.flat), unit: 'items/s' }
  return [
    {
      what: `PostgreSQL: flat plan, ${number(items)} items`,
      measured: flat,
      baseline: { value: median(rates.boss), unit: 'jobs/s' },
      ratio: pairedRatio({ measured: rates.flat, baseline: rates.boss }),
      against:
        '`work()` of pg-boss 12.35, as many at a time as the plan has slots (64), submission included for both, on a server that has files of its log to use again',
      bounds: [
        { kind: 'time', on: 'measured', is: '≥', limit: 6_000 },
        { kind: 'ratio', on: 'ratio', is: '≥', limit: 1 },
      ],
    },
    {
      what: `PostgreSQL: the same, beside steps of DBOS`,
      measured: flat,
      baseline: { value: median(rates.dbos), unit: 'steps/s' },
      ratio: pairedRatio({ measured: rates.flat, baseline: rates.dbos }),
      against: 'steps of DBOS 5.3, 64 workflows of 100 at a time, on the same server',
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≥', limit: 2 }],
    },
    {
      what: `PostgreSQL: chain of ${number(chain)} items`,
      measured: { value: serial.itemsPerSecond, unit: 'items/s' },
      baseline: { value: serial.bareCommitsPerSecond, unit: 'commits/s' },
      ratio: serial.toBareCommits,
      against: 'the rows that one transition writes in one transaction of bare `pg`, pipelined',
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≥', limit: 0.5 }],
      note: `${serial.commitsPerItem.toFixed(2)} commits per item`,
    },
    {
      what: `PostgreSQL: leader killed with ${number(inFlight)} items in flight, to a decision of the standby`,
      measured: { value: takeover.ms / 1_000, unit: 's' },
      // Mostly the lease's time to live, which does not depend on the machine.
      bounds: [{ kind: 'count', on: 'measured', is: '≤', limit: 5 }],
      note: `${number(takeover.taken)} attempts taken up`,
    },
    {
      what: `PostgreSQL: time per item, with ${number(finished)} finished items`,
      measured: { value: (history.after / items) * 1_000, unit: 'µs' },
      baseline: { value: (history.before / items) * 1_000, unit: 'µs' },
      ratio: history.ratio,
      against: 'the same in an empty schema, in turn',
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.1 }],
    },
  ]
}
