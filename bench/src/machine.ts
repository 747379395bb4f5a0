import { arch, cpus, release, totalmem } from 'node:os'
import { inChild } from './child.ts'
import type { Scale } from './line.ts'

/** What was measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
}

export function machineFacts(): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model.trim() || arch(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${arch()}`,
    node: process.versions.node,
  }
}

/** Durable commits of one row per second, now. */
export async function durableCommits(scale: Scale): Promise<number> {
  const input = { slices: 5, sliceMs: scale === 'quick' ? 200 : 1_000 }
  const { value } = await inChild<number>(import.meta.resolve('./measures/durable-commits.ts'), input)
  return value
}
