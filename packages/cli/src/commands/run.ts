import { SeamError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { ONE_ITEM, oneItemPlan } from '../one-item-plan.ts'
import { VARIABLE_ARGS, variablesGiven } from '../plan-values.ts'
import { readPlanFile } from '../plan-file.ts'
import type { PlanFile } from '../plan-file.ts'
import { withIncludes } from '../plan-include.ts'
import { describeProduct } from '../product-text.ts'
import { runToEnd } from '../run-to-end.ts'
import { describeSubmission, requireRunId, submitPlan } from '../submission.ts'

export const run: Command = command({
  name: 'run',
  takesCommand: true,
  args: {
    plan: { type: 'positional', required: false, description: 'File of the plan, YAML or JSON; - is standard input' },
    ...VARIABLE_ARGS,
    id: {
      type: 'string',
      valueHint: 'RUN',
      description: 'Id of the run; the same plan under the same id is the same run',
    },
    executor: { type: 'string', valueHint: 'NAME', description: 'Where a COMMAND runs. Default: the sandbox' },
  },
  examples: [
    { line: 'seamark run plan.yaml', says: 'runs it here; no service is needed' },
    { line: "seamark run plan.yaml --json | jq -r '.kind // .type'", says: 'one document a line, ended by type "end"' },
    { line: 'seamark run -- npx eslint --fix src', says: 'one command, without a plan; its patch is kept' },
  ],
  notes: [
    'Ctrl-C once cancels the run and waits until nothing of it is left; twice leaves at once.',
    'A COMMAND is an item of its own on the last commit of this repository, in the same folder of it. Its words arrive as they are;',
    "for a line of the shell write -- sh -c 'LINE'.",
    'A relative workspace.git is relative to the working folder. Exit code: 0, 11 where the run failed, 8 where it was cancelled.',
  ],
  async run(context, args, words, given) {
    const { io } = context
    requireRunId(args.id)
    const plan = await planOf(context.cwd, args, words)
    const variables = await variablesGiven(context.cwd, args, given)
    return runToEnd(
      context,
      args,
      async (connection) => {
        const answer = await submitPlan(context, connection, plan, { run: args.id, variables })
        const said = describeSubmission(answer, io)
        if (words === undefined) return { run: answer.run, said }
        const told = () => describeProduct(connection.client, answer.run, ONE_ITEM, io.style)
        return { run: answer.run, said, told }
      },
      plan.file,
    )
  },
})

/** The plan of a file, or of the words after `--`. Errors: `INVALID_INPUT` where there is neither, or both. */
async function planOf(
  cwd: string,
  { plan, executor }: { readonly plan?: string | undefined; readonly executor?: string | undefined },
  words: readonly string[] | undefined,
): Promise<PlanFile> {
  if (words === undefined) {
    if (executor !== undefined)
      throw usage('--executor is for a command after --.', 'Write it into the plan: defaults: { executor: NAME }.')
    if (plan === undefined) throw usage('PLAN is missing.', 'Name a plan, or write a command: seamark run -- COMMAND.')
    return withIncludes(await readPlanFile(cwd, plan))
  }
  if (plan !== undefined)
    throw usage(`There are a plan, ${JSON.stringify(plan)}, and a command after --.`, 'Leave one out.')
  if (words.length === 0) throw usage('There is no command after --.', 'Write one: seamark run -- COMMAND.')
  return oneItemPlan(cwd, words, { executor })
}

function usage(message: string, remedy: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy })
}
