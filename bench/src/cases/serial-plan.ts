import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { ShapedRun } from '../measures/shaped-run.ts'

/** Plans whose items can only run one after another, so that every item pays for its own commits. */
export async function measure(scale: Scale): Promise<Line[]> {
  const items = scale === 'quick' ? 2_000 : 10_000
  const pairs = 5
  const lines: Line[] = []
  for (const [shape, what] of [
    ['chain', `chain of ${items.toLocaleString('en-US')} items`],
    ['lock', `${items.toLocaleString('en-US')} items sharing one lock`],
  ] as const) {
    const { value } = await inChild<ShapedRun>(import.meta.resolve('../measures/shaped-run.ts'), {
      shape,
      items,
      pairs,
    })
    lines.push({
      what,
      measured: { value: value.itemsPerSecond, unit: 'items/s' },
      baseline: { value: value.bareCommitsPerSecond, unit: 'commits/s' },
      against: 'C3: commits per second of the rows that one transition writes, by bare SQLite',
      ratio: value.toBareCommits,
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≥', limit: 0.5 }],
      note: `${value.commitsPerItem.toFixed(2)} commits per item`,
    })
  }
  return lines
}
