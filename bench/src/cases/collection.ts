import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { CollectionStep, CollectionTimes } from '../measures/collect-blobs.ts'
import { inTemporary } from '../temp.ts'

/** A collection over blobs of the local storage, of which records name half. Its memory is that of a process that does nothing else. */
export async function measure(scale: Scale): Promise<Line[]> {
  const blobs = scale === 'quick' ? 20_000 : 1_000_000
  const few = await withBlobs(blobs / 10, async (child) => (await child({ step: 'collect' })).peakBytes)
  return withBlobs(blobs, async (child) => {
    const { peakBytes } = await child({ step: 'collect' })
    const { value } = await child<CollectionTimes>({ step: 'time', rounds: scale === 'quick' ? 3 : 1 })
    const what = `gc --dry-run over ${blobs.toLocaleString('en-US')} blobs`
    return [
      {
        what,
        measured: { value: value.collectMs / 1000, unit: 's' },
        baseline: { value: value.walkMs / 1000, unit: 's' },
        against: 'lstat of each of the same files, 64 at a time',
        ratio: value.ratio,
        bounds: [
          { kind: 'time', on: 'measured', is: '≤', limit: 60 },
          { kind: 'ratio', on: 'ratio', is: '≤', limit: 10 },
        ],
      },
      {
        what: `${what}, most memory`,
        measured: { value: peakBytes / 1e6, unit: 'MB' },
        baseline: { value: few / 1e6, unit: 'MB' },
        against: `the same over ${(blobs / 10).toLocaleString('en-US')}`,
        ratio: peakBytes / few,
        bounds: [
          { kind: 'size', on: 'measured', is: '≤', limit: 250 },
          { kind: 'ratio', on: 'ratio', is: '≤', limit: 1.3 },
        ],
      },
    ]
  })
}

type Child = <T>(step: CollectionStep) => Promise<{ readonly value: T; readonly peakBytes: number }>

function withBlobs<T>(blobs: number, work: (child: Child) => Promise<T>): Promise<T> {
  return inTemporary(async (dir) => {
    const child: Child = (step) => inChild(import.meta.resolve('../measures/collect-blobs.ts'), { dir, blobs, ...step })
    await child({ step: 'fill' })
    return work(child)
  })
}
