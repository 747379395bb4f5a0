import type { StepReport, Worker } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { LOCAL, engineWith, fakeHands, item, product, records, submission } from './harness.ts'
import { only, SUCCEEDED } from './records.ts'

/** What an attempt leaves; `lost`: its launch is. */
type Left = 'lost' | Pick<StepReport, 'verdict' | 'conversation'>

const blob = (digit: string) => ({ sha256: digit.repeat(64), size: 7 })
const failed = (reason: string, digit?: string): Left => ({
  verdict: { outcome: 'failed', reason },
  ...(digit !== undefined && { conversation: { id: `c-${digit}`, state: blob(digit) } }),
})

/** Runs an item whose attempts have a conversation and leave this, one after the other. */
async function run(each: readonly Left[], { converses = true } = {}) {
  const left = (attempt: number) => each[attempt - 1] ?? { verdict: SUCCEEDED }
  const hands = fakeHands(({ attempt }) => (left(attempt) === 'lost' ? 'lost' : SUCCEEDED))
  const worker: Worker = {
    ...hands.worker,
    async follow(task, executor, exited, call) {
      const { conversation } = task
      const data = { id: conversation?.id ?? `c-${task.attempt}`, resumed: conversation !== undefined }
      if (converses) await call?.port?.note([{ kind: 'conversation.begun', data }])
      await hands.worker.follow(task, executor, exited)
    },
    async capture({ attempt }) {
      const end = left(attempt)
      if (end === 'lost') throw new Error('There is nothing to capture.')
      return { ...end, product: { ...product(), snapshot: blob(String(attempt)) } }
    },
  }
  const { engine, options } = await engineWith(hands, { worker })
  const retries = { max: each.length, minDelayMs: 1, maxDelayMs: 1 }
  await engine.submit(LOCAL, submission('r1', [item('a', { retries })]))
  await expect(engine.sealed('r1')).resolves.toBe('succeeded')
  await engine.stop()
  const log = await records(options)
  return {
    over: only(log, 'item.parked').map(({ data }) => data.startsOver),
    resumes: only(log, 'item.launched').map(({ data }) => data.resumes),
  }
}

describe('an attempt after one that had a conversation', () => {
  it.each(['exit-code', 'limit', 'timeout', 'max-turns', 'max-tool-calls', 'max-requests'])(
    'goes on with it where it was broken off by %s, and says nothing else',
    async (reason) => {
      expect(await run([failed(reason, '1')])).toEqual({ over: [undefined], resumes: [undefined, 'c-1'] })
    },
  )

  it.each<[string, Left]>([
    ['its launch was lost', 'lost'],
    ['it was broken off, and nothing of it was kept', failed('exit-code')],
    ['it is done anew', failed('loop', '1')],
  ])('says that it starts over where %s', async (_, left) => {
    expect(await run([left])).toEqual({ over: [true], resumes: [undefined, undefined] })
  })

  it.each<[string, Left]>([
    ['lost', 'lost'],
    ['wrong', failed('loop', '2')],
  ])('goes back to the one before where the last was %s', async (_, left) => {
    expect(await run([failed('exit-code', '1'), left])).toEqual({
      over: [undefined, undefined],
      resumes: [undefined, 'c-1', 'c-1'],
    })
  })

  it('says so once for each', async () => {
    expect(await run(['lost', 'lost'])).toEqual({ over: [true, true], resumes: [undefined, undefined, undefined] })
  })
})

it('An attempt after one that had no conversation starts nothing over', async () => {
  expect(await run(['lost', failed('exit-code')], { converses: false })).toEqual({
    over: [undefined, undefined],
    resumes: [undefined, undefined, undefined],
  })
})
