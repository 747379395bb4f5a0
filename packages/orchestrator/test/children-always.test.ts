import type { AnyRecord } from '@seamark/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { families, parent, verified } from './families.ts'
import { engineWith, item, LOCAL, records, submission } from './harness.ts'
import { FAILED } from './records.ts'

/** Something that happens to a run: an attempt adds items, ends, or the service is started anew. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), who: fc.nat(), count: fc.integer({ min: 1, max: 3 }), chained: fc.boolean() }) }, // prettier-ignore
  { weight: 5, arbitrary: fc.record({ type: fc.constant('end' as const), who: fc.nat(), well: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
)

it('whatever happens: no child outlives its attempt unasked, none is lost, and the evidence is legal', async () => {
  const shape = fc.record({
    concurrency: fc.integer({ min: 1, max: 3 }),
    depth: fc.integer({ min: 1, max: 3 }),
    end: fc.constantFrom('cancel' as const, 'finish' as const),
    retries: fc.nat(1),
    happenings: fc.array(happening, { maxLength: 14 }),
  })
  await fc.assert(
    fc.asyncProperty(shape, async ({ concurrency, depth, end, retries, happenings }) => {
      const bad = new Set<string>()
      const family = await families(({ launchId }) => (bad.has(launchId) ? FAILED : 'hold'), {
        queues: { default: { concurrency } },
      })
      const { hands, options, ports } = family
      let { engine } = family
      const again = { max: retries, minDelayMs: 1, maxDelayMs: 1 }
      const may = (generations: number) => ({ children: { max: 5, depth: generations, end }, retries: again })
      await engine.submit(LOCAL, submission('r1', [parent(may(depth)), item('q', may(depth))]))
      const quiet = () => new Promise((resolve) => setTimeout(resolve, 8))
      const runningTasks = () => hands.running().flatMap((id) => hands.tasks.get(id) ?? [])
      const leave = (launchId: string, well: boolean) => {
        if (!well) bad.add(launchId)
        hands.exit(launchId)
      }
      for (const [at, each] of happenings.entries()) {
        await quiet()
        if (each.type === 'restart') {
          await engine.stop()
          ;({ engine } = await engineWith(hands, options))
          continue
        }
        const tasks = runningTasks()
        const task = tasks[each.who % Math.max(1, tasks.length)]
        if (task?.item === undefined) continue
        if (each.type === 'end') {
          leave(task.launchId, each.well)
          continue
        }
        const below = (task.item.children?.depth ?? 1) - 1
        const added = Array.from({ length: each.count }, (_, index) =>
          item(`${task.item?.id}-${task.attempt}-${at}x${index}`, {
            ...(below > 0 && may(below)),
            ...(each.chained && index > 0 && { needs: [{ from: index - 1 }] }),
          }),
        )
        const children = ports.get(`${task.item.id} ${task.attempt}`)?.children
        await children
          ?.add(added)
          .catch((error: unknown) =>
            expect(error).toHaveProperty('code', expect.stringMatching(/^(?:CONFLICT|LIMIT_EXCEEDED|UNAVAILABLE)$/)),
          )
      }
      const sealed = engine.sealed('r1')
      for (let over = false; !over;) {
        for (const { launchId } of runningTasks()) leave(launchId, true)
        over = await Promise.race([sealed.then(() => true), quiet().then(() => false)])
      }
      const outcome = await sealed
      await engine.stop()
      const log = await records(options)
      // There are many of them, and a database has so many connections.
      await options.journal.close()
      expect(verified(log, 'r1')).toMatchObject({ illegal: [], outcome })
      expect(outliving(log, end)).toEqual([])
      expect(most(log)).toBeLessThanOrEqual(concurrency * (1 + depth))
    }),
    { numRuns: 60 },
  )
}, 60_000)

/** Children that were launched after their attempt was over, where they were not to go on. */
function outliving(log: readonly AnyRecord[], end: 'cancel' | 'finish'): string[] {
  const parents = new Map<string, string>()
  const over = new Map<string, boolean>()
  const found: string[] = []
  for (const record of log) {
    const who = `${record.item} ${record.attempt}`
    if (record.kind === 'items.added' && record.item !== undefined)
      for (const [, id] of record.data.items) parents.set(id, who)
    if (record.kind === 'attempt.ended') over.set(who, record.data.outcome === 'succeeded')
    if (record.kind !== 'item.launched') continue
    const well = over.get(parents.get(record.item ?? '') ?? '')
    if (well === false || (well === true && end === 'cancel')) found.push(who)
  }
  return found
}

/** The most launches that were open at once. */
function most(log: readonly AnyRecord[]): number {
  let open = 0
  let found = 0
  for (const { kind } of log) {
    if (kind === 'item.launched') found = Math.max(found, ++open)
    if (kind === 'attempt.ended') open--
  }
  return found
}
