/** `npm run check`: one command that proves the repository. Says each step and what it found; arguments choose steps. */
import { existsSync } from 'node:fs'
import { apiReport } from './api-report.ts'
import { build } from './build.ts'
import { packed } from './packed.ts'
import { documentedProblems } from './documented.ts'
import { fileLength, links, lockfileHosts, unfinished } from './repository-rules.ts'
import { runProgram } from './run-step.ts'
import type { StepResult } from './run-step.ts'
import { repositoryFiles } from './workspace.ts'

type Step = () => Promise<StepResult> | StepResult

const found = (problems: readonly string[]): StepResult => ({ ok: problems.length === 0, output: problems.join('\n') })
const program =
  (...argv: string[]): Step =>
  () =>
    runProgram(argv)

const steps: Readonly<Record<string, Step>> = {
  format: program('prettier', '--check', '--log-level', 'warn', '.'),
  lint: program('oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives', '.'),
  types: program('tsc', '-p', 'tsconfig.json', '--noEmit'),
  // What is published must say its types: declarations are made from one file at a time.
  declarations: program('tsc', '-p', 'tsconfig.published.json', '--noEmit'),
  directions: program(
    'depcruise',
    '--config',
    '.dependency-cruiser.mjs',
    'packages',
    'apps',
    'examples',
    'bench',
    'scripts',
  ),
  unused: program('knip', '--no-progress', '--no-config-hints'),
  'file length': () => found(fileLength(repositoryFiles().files)),
  'nothing unfinished': () => found(unfinished(repositoryFiles().files)),
  links: () => found(links(repositoryFiles())),
  documented: async () => found(await documentedProblems(repositoryFiles().files)),
  lockfile: () => found(lockfileHosts(repositoryFiles().files)),
  reference: program(process.execPath, '--conditions=source', 'scripts/reference.ts', '--check'),
  build: () => build(),
  packed: () => packed(),
  api: () => apiReport(),
  ...(existsSync('.git') && { changesets: program('changeset', 'status') }),
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(steps, name))
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}

let failed = 0
for (const [name, step] of Object.entries(steps)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const started = Date.now()
  const { ok, output } = await step()
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  if (ok) continue
  failed += 1
  console.log(`${output.trim()}\n`)
}
console.log(
  failed === 0 ? '\ncheck passed' : `\ncheck failed: ${failed} of ${chosen.length || Object.keys(steps).length} steps`,
)
process.exitCode = failed === 0 ? 0 : 1
