import type { AnyRecord, ItemRow } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { parseHeader } from '@seamark/log'
import { renderIsolated, shareOf } from '@seamark/report'
import type { ReportInput } from '@seamark/report'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { join } from 'node:path'
import type { Line, Scale } from '../line.ts'
import { NS, startRig } from '../rig.ts'
import { median, msOf } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const RUN = 'run'
const ITEMS = 1_000

/** The report of one run whose items each have as much of a patch as a report shows. */
export async function measure(scale: Scale): Promise<Line[]> {
  const input = await inTemporary(inputIn)
  let bytes = 0
  const rendering = async (): Promise<void> => {
    bytes = (await renderIsolated(input)).byteLength
  }
  await rendering()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const times: number[] = []
  for (let i = 0; i < (scale === 'quick' ? 1 : 5); i++) times.push(await msOf(rendering))
  delay.disable()
  const what = `report of ${ITEMS.toLocaleString('en-US')} items`
  return [
    {
      what: `${what}, without logs`,
      measured: { value: bytes / 1e6, unit: 'MB' },
      bounds: [{ kind: 'count', on: 'measured', is: '≤', limit: 5 }],
    },
    { what: `${what}, to render`, measured: { value: median(times), unit: 'ms' } },
    {
      what: `${what}, longest that nothing else had a turn`,
      measured: { value: delay.max / 1e6, unit: 'ms' },
      bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 50 }],
    },
  ]
}

/** Runs a chain of items that do nothing, and adds a patch to each. */
async function inputIn(dir: string): Promise<ReportInput> {
  const store = sqliteJournal({ dir: join(dir, 'journal') })
  const rig = await startRig(dir, undefined, store)
  await rig.run(RUN, 'chain', ITEMS)
  const found = await store.projections.query(NS, 'runs', { run: RUN })
  const [row] = found.rows
  if (row === undefined) throw new Error('The run has no row.')
  const { tail: _tail, ...run } = row
  const items: readonly ItemRow[] = (await store.projections.query(NS, 'items', { run: RUN }, { limit: ITEMS })).rows
  const records: AnyRecord[] = []
  for await (const { header } of rig.journal.read(NS, run.seq, { run: RUN })) records.push(parseHeader(header))
  await rig.close()
  const patch = { text: patchOf(shareOf(items.length).patch), leftOut: 0 }
  return {
    version: '0.0.0',
    ns: NS,
    now: Date.now(),
    run,
    items,
    records,
    texts: new Map(items.map(({ item }) => [item, { patch }])),
    evidence: { verified: false, why: 'It is not measured here.' },
  }
}

function patchOf(bytes: number): string {
  const head = 'diff --git a/src/a.ts b/src/a.ts\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -0,0 +1,1 @@\n'
  const line = '+export const answer: number = 42 // "so"\n'
  return head + line.repeat(Math.floor((bytes - head.length) / line.length))
}
