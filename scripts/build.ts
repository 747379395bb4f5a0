/** Builds every package into its `dist/`: ES modules and declarations, from `tsup.config.ts`. */
import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { eachOf, runProgram } from './run-step.ts'
import type { StepResult } from './run-step.ts'
import { packageFolders } from './workspace.ts'

const CONFIG = resolve('tsup.config.ts')

/**
 * Builds the packages, two or more at a time. Types come from sources, so the order does not matter; they are not checked
 * again here (`tsconfig.build.json`): `npm run check` does it once for all.
 */
export async function build(folders: readonly string[] = packageFolders()): Promise<StepResult> {
  const results = await eachOf(folders, Math.min(4, availableParallelism()), async (folder) => {
    const { ok, output } = await runProgram(['tsup', '--config', relative(resolve(folder), CONFIG)], folder)
    return { ok, output: ok ? '' : `${folder}:\n${output.trim()}\n` }
  })
  return { ok: results.every((result) => result.ok), output: results.map((result) => result.output).join('') }
}

if (import.meta.main) {
  const chosen = process.argv.slice(2)
  const { ok, output } = await build(chosen.length > 0 ? chosen : undefined)
  console.error(output)
  process.exitCode = ok ? 0 : 1
}
