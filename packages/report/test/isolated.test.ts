import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { renderIsolated, renderReport } from '../src/index.ts'
import type { ReportInput } from '../src/index.ts'
import { many } from './many.ts'

const text = (page: Uint8Array): string => Buffer.from(page).toString('utf8')
const input = many(1_000)
// Its grammar's time grows with the square of this text: alone it takes minutes.
const hunk = '+a b a b a b a b a b\n'.repeat(8_000)
const hostile: ReportInput = {
  ...input,
  texts: new Map([
    ...input.texts,
    ['item-0', { patch: { text: `diff --git a/a.cs b/a.cs\n@@ -0,0 +1,8000 @@\n${hunk}`, leftOut: 0 } }],
  ]),
}

/** The longest time for which nothing else had a turn, in milliseconds, and what came of it. */
async function held<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const result = await work()
  delay.disable()
  return { ms: delay.max / 1e6, result }
}

describe('in a thread of its own', () => {
  it('is the same page', async () => {
    const page = text(await renderIsolated(input))
    expect(page).toBe(renderReport(input, { colours: true }))
    expect(page).toContain('hljs-keyword')
  }, 60_000)

  it('has no colours where a patch makes them take too long, and holds nobody up', async () => {
    const { ms, result } = await held(() => renderIsolated(hostile, { colourMs: 3_000 }))
    expect(text(result)).toBe(renderReport(hostile, { colours: false }))
    expect(text(result)).not.toContain('<span class="hljs-')
    expect(text(result).match(/<details class="item"/g)).toHaveLength(1_000)
    // About 10 on a quiet machine.
    expect(ms).toBeLessThan(500)
  }, 60_000)

  it('ends where it takes too long without them too, and on request', async () => {
    await expect(renderIsolated(hostile, { colourMs: 1, plainMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    const stop = new AbortController()
    const stopped = renderIsolated(hostile, { signal: stop.signal })
    setTimeout(() => stop.abort(), 500)
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  }, 60_000)
})
