import type { Submission, UsageRow } from '@seamark/core'
import type { memoryJournal } from '@seamark/testing'
import type { Stored } from './invariants.ts'

/** Rows say what the records say. */
export async function rowViolations(
  journal: ReturnType<typeof memoryJournal>,
  log: readonly Stored[],
  submissions: ReadonlyMap<string, Submission>,
): Promise<string[]> {
  const found: string[] = []
  for (const run of submissions.keys()) {
    const seal = log.find(({ header }) => header.kind === 'run.sealed' && header.run === run)?.header
    const { rows } = await journal.projections.query('default', 'runs', { run })
    const [row] = rows
    if (seal?.kind === 'run.sealed' && row?.status !== seal.data.status)
      found.push(`the row of ${run} says ${row?.status}, its seal ${seal.data.status}`)
    const { rows: items } = await journal.projections.query('default', 'items', { run })
    for (const { item: id, status } of items)
      if (status === 'waiting' || status === 'running' || status === 'parked')
        found.push(`the row of ${run}/${id} says ${status} after the run was sealed`)
  }
  const rows = await Promise.all(
    (['item', 'run', 'agent', 'principal', 'team', 'model'] as const).map(
      async (by) => (await journal.projections.query('default', 'usage', { by }, { limit: 1_000 })).rows,
    ),
  )
  return [...found, ...usageViolations(log, rows.flat(), submissions)]
}

/** Rows of usage count every settlement of what was charged, each once for its item, run, agent, principal, teams and model. */
function* usageViolations(
  log: readonly Stored[],
  rows: readonly UsageRow[],
  submissions: ReadonlyMap<string, Submission>,
): Iterable<string> {
  const expected = new Map<string, number[]>()
  const owners = new Map<string, string>()
  const teams = new Map<string, readonly string[]>()
  const calls = new Map<string, readonly [string, string]>()
  const add = (name: readonly (string | undefined)[], numbers: readonly number[]) => {
    const key = JSON.stringify(name)
    expected.set(
      key,
      numbers.map((number, at) => number + (expected.get(key)?.[at] ?? 0)),
    )
  }
  for (const { header } of log) {
    const { run, item, fence, at } = header
    if (header.kind === 'run.submitted') {
      owners.set(run ?? '', header.actor)
      teams.set(run ?? '', header.data.teams ?? [])
    }
    if (header.kind === 'usage.reserved')
      calls.set(`${fence}/${header.data.id}`, [header.data.provider, header.data.model])
    if (header.kind !== 'usage.settled') continue
    const day = new Date(at).toISOString().slice(0, 10)
    const { as, charged, excess, usage } = header.data
    const amounts = [charged.tokens, charged.nanoUsd, excess.tokens, excess.nanoUsd]
    // It was never sent, or was refused.
    if (as === 'used' && usage === undefined && amounts.every((amount) => amount === 0)) continue
    const numbers = [1, as === 'reserved' ? 1 : 0, ...amounts]
    add([day, 'run', run], numbers)
    if (item !== undefined) add([day, 'item', run, item], numbers)
    const agent = submissions.get(run ?? '')?.items.find(({ id }) => id === item)?.agent
    if (agent !== undefined) add([day, 'agent', agent], numbers)
    add([day, 'principal', owners.get(run ?? '')], numbers)
    for (const team of teams.get(run ?? '') ?? []) add([day, 'team', team], numbers)
    add([day, 'model', ...(calls.get(`${fence}/${header.data.id}`) ?? [])], numbers)
  }
  for (const row of rows) {
    const { by, day, run, item, agent, principal, team, provider, model } = row
    const { calls: count, assumed, charged, excess } = row
    const names = [run, item, agent, principal, team, provider, model]
    const key = JSON.stringify([day, by, ...names.filter((id) => id !== undefined)])
    const numbers = [count, assumed, charged.tokens, charged.nanoUsd, excess.tokens, excess.nanoUsd]
    if (expected.get(key)?.join() !== numbers.join())
      yield `the usage of ${key} is ${numbers.join()}, its records say ${expected.get(key)?.join()}`
    expected.delete(key)
  }
  for (const key of expected.keys()) yield `the usage of ${key} has no row`
}
