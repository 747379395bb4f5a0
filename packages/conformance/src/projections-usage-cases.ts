import type { ProjectionFilters, UsageBy, UsageRow } from '@seamark/core'
import { expectCode, expectEqual, fail } from './check.ts'
import { openLog } from './journal-log.ts'
import { usage, usageRow } from './projections-subject.ts'
import type { WritableProjections } from './projections-subject.ts'
import type { Case } from './suite.ts'

const full: UsageRow = usageRow('item', '2026-11-22', 3, {
  run: 'r',
  item: 'lint',
  calls: 9_007_199_254_740_991,
  assumed: 2,
  charged: { tokens: 9_007_199_254_740_991, nanoUsd: 1 },
  excess: { tokens: 0, nanoUsd: 5 },
})

async function all(
  { seam }: { readonly seam: WritableProjections },
  filter: ProjectionFilters['usage'],
  limit?: number,
): Promise<readonly UsageRow[]> {
  const rows: UsageRow[] = []
  for (let cursor: string | undefined, pages = 0; ; pages++) {
    const page = await seam.query('default', 'usage', filter, {
      ...(cursor !== undefined && { cursor }),
      ...(limit !== undefined && { limit }),
    })
    rows.push(...page.rows)
    if (page.cursor === undefined) return rows
    if (page.rows.length === 0 || pages > 1_000) return fail('pages that do not end')
    cursor = page.cursor
  }
}

/** How rows of usage are kept and found. */
export const usageCases: readonly Case<WritableProjections>[] = [
  {
    id: 'projections/usage-roundtrip',
    about: 'rows of usage come back with every field, whatever a model is called, and the newest of each place',
    async run(subject) {
      expectEqual(await all(subject, { by: 'model' }), [], 'before there are any')
      const log = await openLog(subject.seam.journal)
      const model = usageRow('model', '2026-11-22', 0, { provider: 'p', model: 'a/\u0000"\u{1F600}' })
      const first = usageRow('item', '2026-11-22', 3, { run: 'r', item: 'lint' })
      await log.append([{}], usage(first, model))
      await log.append([{}], usage(first, full))
      expectEqual(await all(subject, { by: 'item' }), [full], 'items')
      expectEqual(await all(subject, { by: 'model' }), [model], 'models')
      expectEqual(await all(subject, { by: 'principal' }), [], 'principals')
    },
  },
  {
    id: 'projections/usage-kinds',
    about: 'rows of every kind are kept apart, also where their days and indexes are the same',
    async run(subject) {
      const log = await openLog(subject.seam.journal)
      const rows = {
        item: usageRow('item', '2026-11-22', 0, { run: 'r', item: 'lint' }),
        run: usageRow('run', '2026-11-22', 0, { run: 'r' }),
        agent: usageRow('agent', '2026-11-22', 0, { agent: 'same' }),
        principal: usageRow('principal', '2026-11-22', 0, { principal: 'same' }),
        team: usageRow('team', '2026-11-22', 0, { team: 'same' }),
        model: usageRow('model', '2026-11-22', 0, { provider: 'same', model: 'same' }),
      } satisfies Record<UsageBy, UsageRow>
      await log.append([{}], usage(...Object.values(rows)))
      for (const row of Object.values(rows)) expectEqual(await all(subject, { by: row.by }), [row], row.by)
    },
  },
  {
    id: 'projections/usage-order',
    about: 'usage comes by day, then by index, in pages of any limit, whatever the order of writing',
    async run(subject) {
      const log = await openLog(subject.seam.journal)
      const days = ['1999-12-31', '2026-11-21', '2026-11-22', '2026-12-01']
      const rows = days.flatMap((day) =>
        [0, 1, 2, 10].map((index) => usageRow('run', day, index, { run: `r-${index}` })),
      )
      const others = rows.map((row) => ({ ...row, by: 'principal' as const }))
      await log.append([{}], usage(...rows.toReversed(), ...others))
      for (const limit of [1, 3, 16, undefined])
        expectEqual(await all(subject, { by: 'run' }, limit), rows, `runs by ${limit}`)
    },
  },
  {
    id: 'projections/usage-since',
    about: 'usage is found from a day on, and of one run, alone and together',
    async run(subject) {
      const log = await openLog(subject.seam.journal)
      const rows = ['2026-11-21', '2026-11-22', '2026-11-23'].flatMap((day) =>
        ['a', 'b'].map((run, index) => usageRow('item', day, index, { run, item: 'x' })),
      )
      await log.append([{}], usage(...rows))
      const found = async (filter: Omit<ProjectionFilters['usage'], 'by'>, limit?: number): Promise<string[]> =>
        (await all(subject, { by: 'item', ...filter }, limit)).map(({ day, run }) => `${day.slice(-2)} ${run}`)
      expectEqual(await found({ since: '2026-11-22' }), ['22 a', '22 b', '23 a', '23 b'], 'since')
      expectEqual(await found({ since: '2026-11-24' }), [], 'since a later day')
      expectEqual(await found({ run: 'b' }, 1), ['21 b', '22 b', '23 b'], 'run, in pages')
      expectEqual(await found({ run: 'b', since: '2026-11-23' }), ['23 b'], 'run and since')
      expectEqual(await found({ run: 'nobody' }), [], 'a run that is not there')
    },
  },
  {
    id: 'projections/usage-bad-day',
    about: 'a `since` that is no day is INVALID_INPUT',
    async run({ seam }) {
      for (const since of ['', 'yesterday', '2026-02-30', '2026-1-1', '2026-11-22T00:00:00Z', '1969-12-31'])
        await expectCode('INVALID_INPUT', () => seam.query('default', 'usage', { by: 'run', since }), since)
    },
  },
]
