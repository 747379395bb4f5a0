import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { VARIABLE_ARGS, variablesGiven } from '../plan-values.ts'
import { readPlanFile } from '../plan-file.ts'
import { withIncludes } from '../plan-include.ts'
import { reportError } from '../report-error.ts'
import { describeSubmission, requireRunId, submitPlan } from '../submission.ts'

export const submit: Command = command({
  name: 'submit',
  args: {
    plan: { type: 'positional', required: true, description: 'File of the plan, YAML or JSON; - is standard input' },
    ...VARIABLE_ARGS,
    id: {
      type: 'string',
      valueHint: 'RUN',
      description: 'Id of the run; the same plan under the same id is the same run',
    },
  },
  examples: [
    { line: 'seamark submit plan.yaml', says: 'then: seamark status last' },
    { line: 'seamark submit plan.yaml --id nightly-2026-11-21', says: 'safe to repeat' },
  ],
  async run(context, args, _, given) {
    const { io } = context
    const json = args.json === true
    requireRunId(args.id)
    const plan = await withIncludes(await readPlanFile(context.cwd, args.plan))
    const variables = await variablesGiven(context.cwd, args, given)
    try {
      const answer = await withConnection(context, args, 'running', (connection) =>
        submitPlan(context, connection, plan, { run: args.id, variables }),
      )
      await io.out(json ? `${JSON.stringify(answer)}\n` : describeSubmission(answer, io))
      return 0
    } catch (error) {
      return reportError(io, error, { json, file: plan.file })
    }
  },
})
