import type { ItemRow, ProjectionFilters, ProjectionName, ProjectionRows, RunRow } from '@seamark/core'
import { expectCode, expectEqual, fail } from './check.ts'
import { openLog } from './journal-log.ts'
import { itemRow, items, runRow, runs } from './projections-subject.ts'
import type { WritableProjections } from './projections-subject.ts'
import type { Case } from './suite.ts'

/** Every row, by pages of `limit`. */
async function walk<P extends ProjectionName>(
  seam: WritableProjections,
  projection: P,
  filter: ProjectionFilters[P],
  limit?: number,
): Promise<readonly ProjectionRows[P][]> {
  const rows: ProjectionRows[P][] = []
  let cursor: string | undefined
  for (let pages = 0; ; pages++) {
    const page = await seam.query('default', projection, filter, {
      ...(cursor !== undefined && { cursor }),
      ...(limit !== undefined && { limit }),
    })
    if (limit !== undefined && page.rows.length > limit) fail(`a page of ${page.rows.length} rows, limit ${limit}`)
    rows.push(...page.rows)
    if (page.cursor === undefined) return rows
    if (page.rows.length === 0 || pages > 10_000) return fail('pages that do not end')
    cursor = page.cursor
  }
}

const fullRun: RunRow = runRow('full', 7, {
  name: 'ünïcode "quoted"',
  status: 'failed',
  commit: 'c'.repeat(40),
  settled: { succeeded: 1, failed: 2, canceled: 3, skipped: 4 },
  sealedAt: 1_800_000_000_999,
  tail: { runSeq: 12, leaf: 'f'.repeat(64), segment: 2 },
})

const fullItem: ItemRow = itemRow('full', 2, {
  status: 'parked',
  attempt: 3,
  reason: 'gate',
  parked: { reason: 'retry', token: 't', resumeAt: 1_800_000_000_000 },
  product: {
    outputs: [{ path: 'a/ü.xml', blob: { sha256: 'b'.repeat(64), size: 3 } }],
    stdout: { sha256: 'd'.repeat(64), size: 0 },
    stderr: { sha256: 'e'.repeat(64), size: 9_007_199_254_740_991 },
  },
  startedAt: 1,
  endedAt: 2,
  executor: 'sandbox',
})

/** How questions are answered from what the journal's transactions wrote. */
export const projectionsCases: readonly Case<WritableProjections>[] = [
  {
    id: 'projections/says-what-it-is',
    about: 'spec, kind and name are there',
    async run({ seam }) {
      expectEqual(seam.spec, 'projections/v1', 'spec')
      if (!/^[a-z0-9][a-z0-9.-]*$/.test(seam.kind)) fail(`kind is not a stable name: ${seam.kind}`)
      if (seam.name === '') fail('name is empty')
    },
  },
  {
    id: 'projections/starts-empty',
    about: 'a namespace that nobody wrote to, and a run that nobody submitted, have no rows and no cursor',
    async run({ seam }) {
      expectEqual(await seam.query('default', 'runs', {}), { rows: [] }, 'runs')
      expectEqual(await seam.query('default', 'items', { run: 'r' }), { rows: [] }, 'items')
      const log = await openLog(seam.journal)
      await log.append([{}], runs(runRow('r', 0)))
      expectEqual(await seam.query('default', 'items', { run: 'other' }), { rows: [] }, 'items of another run')
    },
  },
  {
    id: 'projections/roundtrip',
    about: 'rows come back with every field as they were written, in the transaction of the records',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], [...runs(fullRun), ...items(fullItem)])
      expectEqual((await seam.query('default', 'runs', {})).rows, [fullRun], 'runs')
      expectEqual((await seam.query('default', 'items', { run: 'full' })).rows, [fullItem], 'items')
    },
  },
  {
    id: 'projections/replaced-whole',
    about: 'a later row replaces the one before, absent fields included',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], [...runs(fullRun), ...items(fullItem)])
      const run = runRow('full', 7, { status: 'canceling' })
      const item = itemRow('full', 2, { status: 'running', attempt: 4 })
      await log.append([{}], [...runs(run), ...items(item)])
      expectEqual((await seam.query('default', 'runs', {})).rows, [run], 'runs')
      expectEqual((await seam.query('default', 'items', { run: 'full' })).rows, [item], 'items')
      expectEqual((await seam.query('default', 'items', { run: 'full', status: 'parked' })).rows, [], 'parked items')
      expectEqual((await seam.query('default', 'runs', { status: 'failed' })).rows, [], 'failed runs')
    },
  },
  {
    id: 'projections/last-change-counts',
    about: 'of several changes of one row in a batch the last one counts',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      const last = itemRow('r', 0, { status: 'succeeded', attempt: 1 })
      const lastRun = runRow('r', 0, { status: 'succeeded' })
      await log.append(
        [{}],
        [
          ...items(itemRow('r', 0), itemRow('r', 1), itemRow('r', 0, { status: 'running', attempt: 1 }), last),
          ...runs(runRow('r', 0), lastRun),
        ],
      )
      expectEqual((await seam.query('default', 'items', { run: 'r' })).rows, [last, itemRow('r', 1)], 'items')
      expectEqual((await seam.query('default', 'runs', {})).rows, [lastRun], 'runs')
    },
  },
  {
    id: 'projections/whole-or-nothing',
    about: 'an append that is refused changes no row',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], [...runs(runRow('r', 0)), ...items(itemRow('r', 0))])
      const changes = [
        ...runs(runRow('r', 0, { status: 'failed' }), runRow('s', 1)),
        ...items(itemRow('r', 0, { status: 'failed' })),
      ]
      const batch = log.draft([{}, {}], changes)
      await expectCode(
        'CONFLICT',
        () => seam.journal.append(log.lease, 0, { ...log.draft([]), changes }),
        'at another size',
      )
      const hole = { ...batch, records: batch.records.slice(1) }
      await expectCode('INVALID_INPUT', () => seam.journal.append(log.lease, 1, hole), 'with a hole')
      await log.lease.release()
      await expectCode('CONFLICT', () => seam.journal.append(log.lease, 1, batch), 'with a stale lease')
      expectEqual((await seam.query('default', 'runs', {})).rows, [runRow('r', 0)], 'runs')
      expectEqual((await seam.query('default', 'items', { run: 'r' })).rows, [itemRow('r', 0)], 'items')
    },
  },
  {
    id: 'projections/order',
    about: 'runs come newest first, items by ascending index, whatever the order of writing',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append(
        [{}],
        [
          ...runs(runRow('b', 5), runRow('c', 2), runRow('a', 9)),
          ...items(itemRow('a', 10), itemRow('a', 2), itemRow('a', 0)),
        ],
      )
      await log.append([{}], [...runs(runRow('c', 2, { status: 'succeeded' })), ...items(itemRow('a', 1))])
      expectEqual(
        (await seam.query('default', 'runs', {})).rows.map(({ run }) => run),
        ['a', 'b', 'c'],
        'runs',
      )
      expectEqual(
        (await seam.query('default', 'items', { run: 'a' })).rows.map(({ index }) => index),
        [0, 1, 2, 10],
        'items',
      )
    },
  },
  {
    id: 'projections/filter-runs',
    about: 'runs are found by run, status and name, alone and together',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append(
        [{}],
        runs(
          runRow('a', 1, { name: 'x' }),
          runRow('b', 2, { name: 'y', status: 'succeeded' }),
          runRow('c', 3, { name: 'x', status: 'succeeded' }),
          runRow('d', 4),
        ),
      )
      const ids = async (filter: ProjectionFilters['runs']): Promise<readonly string[]> =>
        (await seam.query('default', 'runs', filter)).rows.map(({ run }) => run)
      expectEqual(await ids({ run: 'b' }), ['b'], 'run')
      expectEqual(await ids({ status: 'succeeded' }), ['c', 'b'], 'status')
      expectEqual(await ids({ name: 'x' }), ['c', 'a'], 'name')
      expectEqual(await ids({ name: 'x', status: 'running' }), ['a'], 'name and status')
      expectEqual(await ids({ run: 'b', name: 'x' }), [], 'run and name')
      expectEqual(await ids({ name: 'nobody' }), [], 'a name that is not there')
    },
  },
  {
    id: 'projections/filter-items',
    about: 'items are found by run, item and status, alone and together, and never those of another run',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append(
        [{}],
        items(
          itemRow('a', 0, { item: 'lint', status: 'succeeded' }),
          itemRow('a', 1, { item: 'test', status: 'failed' }),
          itemRow('a', 2, { item: 'docs', status: 'succeeded' }),
          itemRow('b', 0, { item: 'lint', status: 'failed' }),
        ),
      )
      const found = async (filter: ProjectionFilters['items']): Promise<readonly string[]> =>
        (await seam.query('default', 'items', filter)).rows.map(({ run, item }) => `${run}/${item}`)
      expectEqual(await found({ run: 'a' }), ['a/lint', 'a/test', 'a/docs'], 'run')
      expectEqual(await found({ run: 'b', item: 'lint' }), ['b/lint'], 'item')
      expectEqual(await found({ run: 'a', status: 'succeeded' }), ['a/lint', 'a/docs'], 'status')
      expectEqual(await found({ run: 'a', item: 'lint', status: 'failed' }), [], 'item and status')
    },
  },
  {
    id: 'projections/pages',
    about: 'pages of any limit together give each row once, in order, and the last has no cursor',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      const rows = Array.from({ length: 25 }, (_, i) =>
        itemRow('r', i, { status: i % 2 === 0 ? 'succeeded' : 'failed' }),
      )
      const all = Array.from({ length: 25 }, (_, i) =>
        runRow(`run-${i}`, i, { status: i % 5 === 0 ? 'failed' : 'running' }),
      )
      await log.append([{}], [...items(...rows), ...runs(...all)])
      for (const limit of [1, 7, 24, 25, 26, undefined]) {
        expectEqual(await walk(seam, 'items', { run: 'r' }, limit), rows, `items by ${limit}`)
        expectEqual(await walk(seam, 'runs', {}, limit), all.toReversed(), `runs by ${limit}`)
      }
      const even = rows.filter(({ index }) => index % 2 === 0)
      expectEqual(await walk(seam, 'items', { run: 'r', status: 'succeeded' }, 4), even, 'filtered items')
      const failed = all.filter(({ status }) => status === 'failed').toReversed()
      expectEqual(await walk(seam, 'runs', { status: 'failed' }, 2), failed, 'filtered runs')
    },
  },
  {
    id: 'projections/many-rows',
    about: 'a query without a limit gives a page and a cursor where there are very many rows',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], items(...Array.from({ length: 3_000 }, (_, i) => itemRow('r', i))))
      const rows = await walk(seam, 'items', { run: 'r' })
      expectEqual(rows.length, 3_000, 'rows')
      expectEqual(
        rows.every(({ index }, i) => index === i),
        true,
        'order',
      )
      expectEqual((await walk(seam, 'items', { run: 'r' }, 1_000_000)).length, 3_000, 'rows by a very large limit')
    },
  },
  {
    id: 'projections/pages-are-steady',
    about: 'what is written between two pages moves no row to another page',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], runs(...Array.from({ length: 6 }, (_, i) => runRow(`old-${i}`, i))))
      const first = await seam.query('default', 'runs', {}, { limit: 3 })
      await log.append([{}], runs(runRow('new', 10), runRow('old-5', 5, { status: 'failed' })))
      const second = await seam.query('default', 'runs', {}, { limit: 3, cursor: first.cursor ?? fail('no cursor') })
      expectEqual(
        [...first.rows, ...second.rows].map(({ seq }) => seq),
        [5, 4, 3, 2, 1, 0],
        'runs',
      )
    },
  },
  {
    id: 'projections/foreign-cursor',
    about: 'a cursor that is not ours, or of the other projection, is INVALID_INPUT',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], [...runs(runRow('r', 0), runRow('s', 1)), ...items(itemRow('r', 0), itemRow('r', 1))])
      const { cursor = fail('no cursor') } = await seam.query('default', 'runs', {}, { limit: 1 })
      for (const foreign of ['', '1', 'AAAA', '%%%', `${cursor}x`, cursor.slice(0, -2)])
        await expectCode(
          'INVALID_INPUT',
          () => seam.query('default', 'runs', {}, { cursor: foreign }),
          JSON.stringify(foreign),
        )
      await expectCode(
        'INVALID_INPUT',
        () => seam.query('default', 'items', { run: 'r' }, { cursor }),
        'a cursor of runs',
      )
    },
  },
  {
    id: 'projections/bad-limit',
    about: 'a limit that is not a positive integer is INVALID_INPUT',
    async run({ seam }) {
      for (const limit of [0, -1, 1.5, NaN])
        await expectCode('INVALID_INPUT', () => seam.query('default', 'runs', {}, { limit }), `limit ${limit}`)
    },
  },
  {
    id: 'projections/namespaces-apart',
    about: 'rows of one namespace are not seen in another',
    async run({ seam }) {
      for (const ns of ['one', 'two']) {
        const log = await openLog(seam.journal, ns)
        await log.append([{}], [...runs(runRow('r', 0, { name: ns })), ...items(itemRow('r', 0, { reason: ns }))])
      }
      for (const ns of ['one', 'two']) {
        expectEqual(
          (await seam.query(ns, 'runs', {})).rows.map(({ name }) => name),
          [ns],
          `runs of ${ns}`,
        )
        expectEqual(
          (await seam.query(ns, 'items', { run: 'r' })).rows.map(({ reason }) => reason),
          [ns],
          `items of ${ns}`,
        )
      }
      await expectCode('INVALID_INPUT', () => seam.query('../one', 'runs', {}), 'a name that is no namespace')
    },
  },
  {
    id: 'projections/needs-no-lease',
    about: 'questions are answered while nobody holds the lease',
    async run({ seam }) {
      const log = await openLog(seam.journal)
      await log.append([{}], runs(runRow('r', 0)))
      await log.lease.release()
      expectEqual((await seam.query('default', 'runs', {})).rows, [runRow('r', 0)], 'runs')
    },
  },
  {
    id: 'projections/aborted',
    about: 'a query whose signal has fired is ABORTED',
    async run({ seam }) {
      const signal = AbortSignal.abort()
      await expectCode('ABORTED', () => seam.query('default', 'runs', {}, {}, { signal }), 'query')
    },
  },
  {
    id: 'projections/survive',
    about: 'after a restart the rows are those of the records that survived',
    skip: ({ journal }) => (journal.guarantees.durable.value ? undefined : 'its journal does not claim to be durable'),
    async run(subject) {
      const log = await openLog(subject.seam.journal)
      await log.append([{}], [...runs(runRow('r', 0)), ...items(itemRow('r', 0), itemRow('r', 1))])
      await log.append([{}], items(itemRow('r', 1, { status: 'failed' })))
      const seam = (await subject.reopen?.()) ?? fail('the subject can not be opened again')
      expectEqual((await seam.query('default', 'runs', {})).rows, [runRow('r', 0)], 'runs')
      expectEqual(
        (await seam.query('default', 'items', { run: 'r' })).rows,
        [itemRow('r', 0), itemRow('r', 1, { status: 'failed' })],
        'items',
      )
    },
  },
]
