import { startRig } from '../rig.ts'

/** Leaves a data folder with the journal of `runs` finished runs of `items` items. */
export async function measure({ dir, runs, items }: { dir: string; runs: number; items: number }): Promise<void> {
  const rig = await startRig(dir)
  for (let i = 0; i < runs; i++) await rig.run(`run-${i}`, 'flat', items)
  await rig.close()
}
