import type { RerunAnswer, RerunQuery } from '@seamark/protocol'
import type { CliContext, Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import type { ConnectArgs, Connection } from '../connect.ts'
import { command } from '../define.ts'
import { findRun, RUN } from '../find-run.ts'
import { runToEnd } from '../run-to-end.ts'
import { describeSubmission, requireRunId } from '../submission.ts'
import { counted } from '../words.ts'

const id = {
  type: 'string',
  valueHint: 'RUN',
  description: 'Id of the new run; the same under the same id is the same run',
} as const

const detach = { type: 'boolean', description: 'Has the running service do it, and returns' } as const

const notes = [
  'It is a new run, of the plan, the commit and the versions of agents that were recorded; changes to the plan file do not matter.',
  'Exit code: as of seamark run; with --detach, 0 once it is submitted. --json then gives what POST /v1/runs/{run}/rerun answers.',
]

export const rerun: Command = command({
  name: 'rerun',
  args: {
    run: RUN,
    from: {
      type: 'string',
      valueHint: 'ITEM',
      description: 'Take the results of what succeeded, but for ITEM and all that need it',
    },
    id,
    detach,
  },
  examples: [
    { line: 'seamark rerun last', says: 'all items of the newest run' },
    { line: 'seamark rerun last --from integrate', says: 'integrate, what needs it, and what did not succeed' },
  ],
  notes,
  run: (context, args) => again(context, args, { ...(args.from !== undefined && { from: args.from }) }),
})

export const retry: Command = command({
  name: 'retry',
  args: { run: RUN, id, detach },
  examples: [
    { line: 'seamark retry last', says: 'what succeeded is taken as it is, and not run' },
    { line: 'seamark retry last --detach', says: 'then: seamark watch last' },
  ],
  notes,
  run: (context, args) => again(context, args, { take: 'succeeded' }),
})

interface Given extends ConnectArgs {
  readonly run: string
  readonly id?: string | undefined
  readonly detach?: boolean | undefined
  readonly json?: boolean | undefined
}

function again(context: CliContext, given: Given, how: RerunQuery): Promise<number> {
  requireRunId(given.id)
  const submit = async ({ client }: Connection) => {
    const { run } = await findRun(client, given.run)
    return client.rerun(run, { ...how, ...(given.id !== undefined && { run: given.id }) })
  }
  if (given.detach === true)
    return withConnection(context, given, 'running', async (connection) => {
      const answer = await submit(connection)
      await context.io.out(given.json === true ? `${JSON.stringify(answer)}\n` : described(answer, context))
      return 0
    })
  return runToEnd(context, given, async (connection) => {
    const answer = await submit(connection)
    return { run: answer.run, said: described(answer, context) }
  })
}

function described(answer: RerunAnswer, { io }: CliContext): string {
  const { of, taken = 0 } = answer
  const from = taken === 0 ? `does run ${of} again` : `takes ${counted(taken, 'item')} from run ${of}`
  return `${describeSubmission(answer, io)}  ${io.style.dim(from)}\n`
}
