import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { ShapedRun } from '../measures/shaped-run.ts'
import { median } from '../stats.ts'

const sizes: Readonly<Record<Scale, readonly [number, number, number]>> = {
  quick: [1_000, 5_000, 20_000],
  full: [1_000, 10_000, 100_000],
}
const megabyte = 1e6

/** Plans whose items wait for nothing and do nothing, every transition durable. */
export async function measure(scale: Scale): Promise<Line[]> {
  const [small, middle, large] = sizes[scale]
  const pairs = scale === 'quick' ? 1 : 3
  const flat = (items: number, runs: number) =>
    inChild<number>(import.meta.resolve('../measures/flat-runs.ts'), { items, runs })
  const bare = await inChild<ShapedRun>(import.meta.resolve('../measures/shaped-run.ts'), {
    shape: 'flat',
    items: middle,
    pairs: scale === 'quick' ? 2 : 5,
  })
  const times = new Map([small, middle, large].map((size) => [size, new Array<number>()]))
  const ratios: number[] = []
  let peak = 0
  for (let i = 0; i < pairs; i++) {
    const few = await flat(small, scale === 'quick' ? 10 : 20)
    const many = await flat(large, 1)
    times.get(small)?.push(few.value)
    times.get(large)?.push(many.value)
    ratios.push(many.value / large / (few.value / small))
    peak = Math.max(peak, many.peakBytes)
  }
  times.get(middle)?.push((await flat(middle, 3)).value)

  const speeds = [...times].map(([size, ms]): Line => ({
    what: `flat plan, ${size.toLocaleString('en-US')} items`,
    measured: { value: (size / median(ms)) * 1000, unit: 'items/s' },
    ...(size === middle && {
      baseline: { value: bare.value.bareItemsPerSecond, unit: 'items/s' },
      against: 'bare SQLite writing the same rows in the same commits',
      ratio: bare.value.toBareItems,
    }),
    bounds: [{ kind: 'time', on: 'measured', is: '≥', limit: 10_000 }],
  }))
  const perItem = (size: number): number => (median(times.get(size) ?? []) / size) * 1000
  return [
    ...speeds,
    {
      what: `flat plan, time per item, ${large.toLocaleString('en-US')} items against ${small.toLocaleString('en-US')}`,
      measured: { value: perItem(large), unit: 'µs' },
      baseline: { value: perItem(small), unit: 'µs' },
      ratio: median(ratios),
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.3 }],
    },
    {
      what: `flat plan, ${large.toLocaleString('en-US')} items, most memory`,
      measured: { value: peak / megabyte, unit: 'MB' },
      bounds: [{ kind: 'size', on: 'measured', is: '≤', limit: 400 }],
    },
  ]
}
