import type { ItemSpec } from '@seamark/core'
import { lockTable, lockText } from '@seamark/orchestrator'
import type { CheckedPlan, PlanView } from '@seamark/protocol'
import { planGraph } from '@seamark/report'

/** The graph of a plan. Errors: `LIMIT_EXCEEDED` for an SVG of too many items. */
export function viewPlan({ digest, name, items }: CheckedPlan, { svg }: { readonly svg: boolean }): PlanView {
  const steps = stepsOf(items)
  const longest = longestOf(items, steps)
  const drawn = items.map(({ id, needs, locks }) => ({
    id,
    needs: needs.map(({ from }) => from),
    locks: locks.map(lockText),
  }))
  return {
    plan: digest,
    ...(name !== undefined && { name }),
    items: items.map(({ id, needs, queue, executor }, at) => ({
      item: id,
      needs: needs.map(({ from }) => items[from]?.id ?? ''),
      locks: drawn[at]?.locks ?? [],
      queue,
      executor,
    })),
    steps,
    longest,
    ...(svg && { svg: planGraph(drawn, longest, steps) }),
  }
}

/** What runs at once, step by step, as the engine would with endless slots and items of equal length. */
function stepsOf(items: readonly ItemSpec[]): readonly (readonly number[])[] {
  const table = lockTable()
  const { behind, left } = followers(items)
  const isFree = (after: number): boolean => {
    const waits = (left[after] ?? 0) - 1
    left[after] = waits
    return waits === 0
  }
  let ready = items.flatMap((_, at) => (left[at] === 0 ? [at] : []))
  const steps: (readonly number[])[] = []
  let ticket = 0
  let freed: number[] = []
  for (;;) {
    const step = [...freed]
    for (const at of ready) step.push(...table.request(String(at), ticket++, '', items[at]?.locks ?? []).map(Number))
    if (step.length === 0) return steps
    steps.push(step.toSorted((a, b) => a - b))
    freed = step.flatMap((at) => table.release(String(at)).map(Number))
    ready = step.flatMap((at) => (behind[at] ?? []).filter(isFree)).toSorted((a, b) => a - b)
  }
}

/** For each item, who waits for it, and for how many it waits. */
function followers(items: readonly ItemSpec[]): { readonly behind: readonly number[][]; readonly left: number[] } {
  const behind: number[][] = items.map(() => [])
  const left = items.map(({ needs }, at) => {
    const own = new Set(needs.map(({ from }) => from))
    for (const from of own) behind[from]?.push(at)
    return own.size
  })
  return { behind, left }
}

/** A longest chain of needs. Steps have every item after all that it needs. */
function longestOf(items: readonly ItemSpec[], steps: readonly (readonly number[])[]): readonly number[] {
  const before = new Map<number, number>()
  const length = new Map<number, number>()
  let last: number | undefined
  for (const at of steps.flat()) {
    let most = 0
    for (const { from } of items[at]?.needs ?? []) {
      const here = length.get(from) ?? 0
      if (here <= most) continue
      most = here
      before.set(at, from)
    }
    length.set(at, most + 1)
    if (last === undefined || most + 1 > (length.get(last) ?? 0)) last = at
  }
  const path: number[] = []
  for (let at = last; at !== undefined; at = before.get(at)) path.push(at)
  return path.toReversed()
}
