import { ERRORS, toSeamError } from '@seamark/kit'
import type { SeamError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { VARIABLE_ARGS, variablesGiven } from '../plan-values.ts'
import { readPlanFile } from '../plan-file.ts'
import { inItsFiles, withIncludes } from '../plan-include.ts'
import { reportError } from '../report-error.ts'
import { harmless } from '../style.ts'
import { planWarnings } from '../submission.ts'
import { counted } from '../words.ts'

export const validate: Command = command({
  name: 'validate',
  args: {
    plan: { type: 'positional', required: true, description: 'File of the plan, YAML or JSON; - is standard input' },
    ...VARIABLE_ARGS,
  },
  examples: [
    { line: 'seamark validate plan.yaml', says: 'each problem as FILE:LINE:COLUMN, with what to do' },
    { line: 'seamark validate plan.yaml --var env=test --var level=3', says: 'with values for its variables' },
    { line: 'seamark validate plan.yaml --json | jq .problems', says: 'the same as data' },
  ],
  notes: [
    'The plan is held to what the running service has, or this configuration where none runs: its executors, queues, agents and',
    'policies. Its repository and commit are looked at only when it is submitted. Nothing is written.',
    '--json gives { file, valid, plan, name?, items } or { file, valid, problems }. Exit code: 0, or that of the first problem.',
  ],
  async run(context, args, _, given) {
    const { io } = context
    const json = args.json === true
    const read = await readPlanFile(context.cwd, args.plan)
    const { file } = read
    const variables = await variablesGiven(context.cwd, args, given)
    try {
      const plan = await withIncludes(read)
      const { bytes, format } = plan
      const answer = await withConnection(context, args, 'checks', ({ client }) =>
        inItsFiles(plan, () => client.check({ plan: bytes, format, variables })),
      )
      if (json) await io.out(`${JSON.stringify({ file, valid: true, ...answer })}\n`)
      else {
        const name = answer.name === undefined ? '' : `, ${harmless(answer.name)}`
        const lines = [`${io.style.green('✓')} ${file}: ${counted(answer.items, 'item')}${name}`]
        await io.out(`${[...lines, ...planWarnings(answer, io.style)].join('\n')}\n`)
      }
      return 0
    } catch (error) {
      const refused = toSeamError(error)
      if (!json || !isOfPlan(refused)) return reportError(io, refused, { json, file, shown: Infinity })
      await io.out(`${JSON.stringify({ file, valid: false, problems: refused.problems })}\n`)
      return ERRORS[refused.code].exit
    }
  },
})

/** What is wrong is in the plan: all of it has a place there. */
function isOfPlan({ problems }: SeamError): boolean {
  return problems.length > 0 && problems.every(({ place }) => place !== undefined)
}
