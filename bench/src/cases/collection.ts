import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { CollectionTimes } from '../measures/collect-blobs.ts'

/** A collection over blobs of the local storage, of which records name half. */
export async function measure(scale: Scale): Promise<Line[]> {
  const blobs = scale === 'quick' ? 20_000 : 1_000_000
  const { value, peakBytes } = await inChild<CollectionTimes>(import.meta.resolve('../measures/collect-blobs.ts'), {
    blobs,
    rounds: scale === 'quick' ? 3 : 1,
  })
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
      bounds: [{ kind: 'size', on: 'measured', is: '≤', limit: 300 }],
    },
  ]
}
