import type { Faults } from './fault.ts'
import { quoted } from './quoted.ts'

/** Items by index, and for each the indexes that it needs. */
export type Edges = readonly (readonly number[])[]

/**
 * The strongly connected components that hold a cycle, iterative and linear in items and needs.
 * (Tarjan 1972, "Depth-first search and linear graph algorithms".)
 */
function cyclicComponents(edges: Edges): number[][] {
  const size = edges.length
  const order = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const onStack = new Uint8Array(size)
  const next = new Int32Array(size)
  const stack: number[] = []
  const found: number[][] = []
  let visited = 0
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue
    const calls = [root]
    while (calls.length > 0) {
      const at = calls.at(-1) ?? 0
      if (order[at] === -1) {
        order[at] = low[at] = visited++
        stack.push(at)
        onStack[at] = 1
      }
      const needs = edges[at] ?? []
      const step = next[at] ?? 0
      if (step < needs.length) {
        next[at] = step + 1
        const to = needs[step] ?? 0
        if (order[to] === -1) calls.push(to)
        else if (onStack[to] === 1) low[at] = Math.min(low[at] ?? 0, order[to] ?? 0)
        continue
      }
      calls.pop()
      const caller = calls.at(-1)
      if (caller !== undefined) low[caller] = Math.min(low[caller] ?? 0, low[at] ?? 0)
      if (low[at] !== order[at]) continue
      const component = stack.splice(stack.lastIndexOf(at))
      for (const member of component) onStack[member] = 0
      if (component.length > 1 || needs.includes(at)) found.push(component)
    }
  }
  return found
}

/** One cycle of a component, from its lowest item back to it or to an item on the way. */
function cycleIn(component: readonly number[], edges: Edges): number[] {
  const members = new Set(component)
  const seen = new Map<number, number>()
  const way: number[] = []
  let at = component.reduce((a, b) => Math.min(a, b))
  while (!seen.has(at)) {
    seen.set(at, way.length)
    way.push(at)
    at = (edges[at] ?? []).find((to) => members.has(to)) ?? at
  }
  return way.slice(seen.get(at))
}

const shown = 12

/** Adds one fault for each group of items that need each other, with a cycle written out. */
export function findCycles(edges: Edges, ids: readonly string[], faults: Faults): void {
  for (const component of cyclicComponents(edges)) {
    const cycle = cycleIn(component, edges)
    const name = (index: number | undefined) => (index === undefined ? '' : (ids[index] ?? ''))
    const names = cycle.slice(0, shown).map(name)
    if (cycle.length > shown) names.push(`(${cycle.length - shown} more)`)
    const [first = 0] = cycle
    faults.add({
      code: 'INVALID_INPUT',
      message: `Items need each other in a cycle: ${[...names, name(first)].join(' -> ')}.`,
      remedy: `Take out one of these needs; ${quoted(name(first))} can never start.`,
      path: ['items', first, 'needs'],
    })
  }
}
