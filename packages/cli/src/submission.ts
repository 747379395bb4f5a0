import { NAME, SeamError } from '@seamark/kit'
import { RUN_ID_RULE } from '@seamark/protocol/wire'
import type { CheckAnswer, SubmitAnswer, VariableValues } from '@seamark/protocol/wire'
import type { CliContext } from './command.ts'
import type { Connection } from './connect.ts'
import type { PlanFile } from './plan-file.ts'
import { inItsFiles } from './plan-include.ts'
import type { Style } from './style.ts'
import { counted } from './words.ts'

/** Errors: `INVALID_INPUT` for an id that no run can have. */
export function requireRunId(run: string | undefined): void {
  if (run === undefined || NAME.test(run)) return
  throw new SeamError('INVALID_INPUT', `--id ${JSON.stringify(run.slice(0, 80))} can be no id of a run.`, {
    remedy: `For an id, ${RUN_ID_RULE}.`,
  })
}

/** Submits a plan of this folder. */
export function submitPlan(
  { cwd }: CliContext,
  { client }: Connection,
  plan: PlanFile,
  { run, variables }: { readonly run: string | undefined; readonly variables: VariableValues },
): Promise<SubmitAnswer> {
  const { bytes, format } = plan
  const given = { plan: bytes, format, variables, from: cwd, ...(run !== undefined && { run }) }
  return inItsFiles(plan, () => client.submit(given))
}

/** What people should know of an accepted plan. */
export function describeSubmission(answer: SubmitAnswer, { style }: CliContext['io']): string {
  const { run, created, items, base } = answer
  const on = base === undefined ? 'an empty workspace' : `commit ${base.commit.slice(0, 12)} of ${base.source}`
  const lines = [
    `${style.bold('run')} ${run}${created ? '' : ' (it was there already)'}: ${counted(items, 'item')} on ${on}`,
    ...planWarnings(answer, style),
  ]
  if (base !== undefined && base.uncommitted.count > 0) {
    const { count, paths } = base.uncommitted
    const some = paths.slice(0, 3).join(', ')
    lines.push(
      `  ${style.yellow('not included:')} ${counted(count, 'uncommitted path')} (${some}${count > 3 ? ', …' : ''})`,
    )
  }
  if (base !== undefined && base.submodules.length > 0)
    lines.push(`  ${style.yellow('left empty:')} ${counted(base.submodules.length, 'submodule')}`)
  return `${lines.join('\n')}\n`
}

/** What people should know of a plan before it runs, a line each. */
export function planWarnings({ unisolated, hides }: Pick<CheckAnswer, 'unisolated' | 'hides'>, style: Style): string[] {
  const lines: string[] = []
  if (unisolated !== undefined)
    lines.push(
      `  ${style.yellow('not isolated:')} ${counted(unisolated.items, 'item')} on ${unisolated.executors.join(', ')}, with the files, network and rights of the service`,
    )
  if (hides !== undefined)
    lines.push(`  ${style.yellow('hidden files')} are in the git history that ${counted(hides, 'item')} can read`)
  return lines
}
