import type { SpendLimits, Submission } from '@seamark/core'
import type { Stored } from './invariants.ts'

const MEASURES = ['tokens', 'nanoUsd'] as const

interface Spent {
  settled: { tokens: number; nanoUsd: number }
  reserved: { tokens: number; nanoUsd: number }
}

/** Budgets from the records alone: nothing is spent beyond a limit, nothing is settled twice, and nothing stays reserved. */
export function* spending(
  log: readonly Stored[],
  submissions: ReadonlyMap<string, Submission>,
  acknowledged: ReadonlySet<string>,
): Iterable<string> {
  const accounts = new Map<string, Spent>()
  const raised = new Map<string, SpendLimits>()
  const open = new Map<
    string,
    { readonly fence: number; readonly accounts: readonly string[]; tokens: number; nanoUsd: number }
  >()
  const seen = new Set<string>()
  const refused = new Set<number>()
  const warned = new Set<string>()
  const launches = new Map<number, string>()
  const owners = new Map<string, string>()
  const teams = new Map<string, readonly string[]>()

  function agentOf(run: string, item: string | undefined): readonly string[] | undefined {
    const agent = submissions.get(run)?.items.find(({ id }) => id === item)?.agent
    return agent === undefined ? undefined : [`agent:${agent}`]
  }

  function limitOf(account: string): SpendLimits {
    const [kind, rest] = [account.slice(0, account.indexOf(':')), account.slice(account.indexOf(':') + 1)]
    const own = raised.get(account)
    if (own !== undefined) return own
    if (kind === 'principal' || kind === 'day') return raised.get(kind) ?? {}
    if (kind === 'agent' || kind === 'team') return {}
    const [run = '', item] = rest.split('/')
    const submission = submissions.get(run)
    if (kind === 'run') return submission?.spec.budget ?? {}
    return submission?.items.find(({ id }) => id === item)?.budget ?? {}
  }

  function* within(account: string, seq: number): Iterable<string> {
    const { settled, reserved } = accounts.get(account) ?? {
      settled: { tokens: 0, nanoUsd: 0 },
      reserved: { tokens: 0, nanoUsd: 0 },
    }
    const limits = limitOf(account)
    for (const of of MEASURES) {
      const limit = limits[of] ?? Infinity
      if (settled[of] + reserved[of] > limit)
        yield `record ${seq}: ${account} has ${settled[of]} and ${reserved[of]} of ${limit} ${of}`
      if (reserved[of] < 0) yield `record ${seq}: ${account} has less than nothing reserved`
    }
  }

  for (const { header } of log) {
    const { fence = 0, run = '', item } = header
    if (header.kind === 'item.launched' || header.kind === 'layer.launched') launches.set(fence, header.data.launchId)
    if (header.kind === 'run.submitted') {
      owners.set(run, header.actor)
      teams.set(run, header.data.teams ?? [])
    }
    if (header.kind === 'budget.set') {
      const { on, name, limits } = header.data
      const account = { item: `item:${run}/${item}`, run: `run:${run}`, agent: `agent:${name}`, team: `team:${name}` }
      raised.set(on === 'principal' || on === 'day' ? on : account[on], limits)
      // What was taken away and is set again is another limit.
      if (on === 'agent' || on === 'team')
        for (const key of warned) if (key.startsWith(`${account[on]} `)) warned.delete(key)
    }
    if (header.kind === 'usage.reserved') {
      const { id, tokens, nanoUsd } = header.data
      const key = `${fence}/${id}`
      if (seen.has(key)) yield `${key} was reserved twice`
      seen.add(key)
      const expected = [
        ...(item === undefined ? [] : [`item:${run}/${item}`]),
        `run:${run}`,
        ...(agentOf(run, item) ?? []),
        `principal:${owners.get(run)}`,
        ...(teams.get(run) ?? []).map((team) => `team:${team}`),
      ]
      const day = header.data.accounts.find((account) => account.startsWith('day:'))
      if (header.data.accounts.join() !== [...expected, day].join()) yield `${key} is on other accounts`
      open.set(key, { fence, accounts: header.data.accounts, tokens, nanoUsd })
      for (const account of header.data.accounts) {
        const spent = accounts.get(account) ?? {
          settled: { tokens: 0, nanoUsd: 0 },
          reserved: { tokens: 0, nanoUsd: 0 },
        }
        accounts.set(account, spent)
        for (const of of MEASURES) spent.reserved[of] += header.data[of]
        yield* within(account, header.seq)
      }
      refused.delete(fence)
    }
    if (header.kind === 'usage.refused' && header.data.code === 'LIMIT_EXCEEDED') refused.add(fence)
    if (header.kind === 'usage.settled') {
      const key = `${fence}/${header.data.id}`
      const reservation = open.get(key)
      if (reservation === undefined) yield `${key} was settled without a reservation`
      open.delete(key)
      for (const account of reservation?.accounts ?? []) {
        const spent = accounts.get(account)
        if (spent === undefined || reservation === undefined) continue
        for (const of of MEASURES) {
          spent.reserved[of] -= reservation[of]
          spent.settled[of] += header.data.charged[of]
          if (header.data.as === 'reserved' && header.data.charged[of] !== reservation[of])
            yield `${key} was not charged what was reserved`
        }
        yield* within(account, header.seq)
      }
    }
    if (header.kind === 'budget.warned') {
      const { account, of, settled, limit } = header.data
      if (warned.has(`${account} ${of} ${limit}`)) yield `${account} was warned of twice`
      warned.add(`${account} ${of} ${limit}`)
      if (settled * 5 < limit * 4) yield `${account} was warned of at ${settled} of ${limit}`
    }
    if (['item.captured', 'gate.ended', 'attempt.ended', 'layer.ended'].includes(header.kind))
      for (const [key, reservation] of open)
        if (reservation.fence === fence) yield `${key} is still reserved at record ${header.seq}`
    if (
      header.kind === 'attempt.ended' &&
      header.data.outcome === 'parked' &&
      header.data.reason === 'budget' &&
      !refused.has(fence)
    )
      yield `record ${header.seq} parks for a budget that nothing was refused for`
  }
  const recorded = new Set([...seen].map((key) => `${launches.get(Number(key.split('/')[0]))}/${key.split('/')[1]}`))
  for (const key of acknowledged) if (!recorded.has(key)) yield `the reservation ${key} was given and is lost`
  for (const [account, { settled }] of accounts)
    for (const of of MEASURES) {
      const limit = limitOf(account)[of]
      if (limit !== undefined && settled[of] * 5 >= limit * 4 && !warned.has(`${account} ${of} ${limit}`))
        yield `nobody was warned of ${account}`
    }
}
