import type { LeftProcesses } from '@seamark/core'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { place, type Place } from './seamark.ts'

interface Ended {
  readonly outcome: string
  readonly reason: string
  readonly detail?: string
}

interface Vector {
  readonly name: string
  readonly item: Readonly<Record<string, unknown>>
  readonly ended: Ended
  readonly settled?: Ended
  readonly left?: LeftProcesses
}

const path = new URL('../../../vectors/outcomes/attempts.json', import.meta.url)
const { cases }: { readonly cases: readonly Vector[] } = JSON.parse(readFileSync(path, 'utf8'))

/** Tests of the outcomes of the corpus, each of an item that was really run in attempts on one executor. */
export function testsOfOutcomes(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  const ended = new Map<string, Ended>()
  const settled = new Map<string, Ended>()
  const left = new Map<string, LeftProcesses>()

  beforeAll(async () => {
    const { executor, line, stop } = await open(here)
    undo.push(stop)
    here.write('seamark.config.mjs', `export default { ${line} }\n`)
    here.repository('repo', { 'a.txt': 'one\n' })
    const items = cases.map(({ item }, n) => ({ id: `n${n}`, ...item }))
    here.write('plan.json', JSON.stringify({ version: 1, workspace: { git: 'repo' }, defaults: { timeout: '60s', executor }, items })) // prettier-ignore
    const { code, out } = await here.seamark(
      'run',
      'plan.json',
      '--id',
      'r',
      '--json',
      '--config',
      'seamark.config.mjs',
    )
    expect(code).toBe(11)
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      if (kind === 'attempt.ended') ended.set(item, data)
      if ((kind === 'attempt.ended' || kind === 'item.captured') && data.exit !== undefined)
        left.set(item, data.exit.left)
      if (kind === 'item.settled') settled.set(item, data)
    }
  }, 240_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  describe('an item that was really run', () => {
    it.each(cases.map((each, n) => [each.name, `n${n}`, each] as const))('%s', (_, id, vector) => {
      expect(ended.get(id)).toMatchObject(vector.ended)
      const { outcome, reason } = vector.settled ?? vector.ended
      expect(settled.get(id)).toEqual({ outcome, reason })
      if (vector.left !== undefined) expect(left.get(id)).toEqual(vector.left)
    })

    it('is shown with what it left running', async () => {
      const { out } = await here.seamark('status', 'r', '--json', '--config', 'seamark.config.mjs')
      const { items }: { readonly items: readonly { readonly left?: LeftProcesses }[] } = JSON.parse(out)
      for (const [n, vector] of cases.entries())
        if (vector.left !== undefined) expect(items[n]?.left ?? { processes: 0, names: [] }).toEqual(vector.left)
    })
  })
}
