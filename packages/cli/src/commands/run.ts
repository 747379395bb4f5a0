import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { connect } from '../connect.ts'
import type { OtherRuns } from '../connect.ts'
import { followRun } from '../follow.ts'
import { onInterrupt } from '../interrupt.ts'
import { exitCodeOf } from '../outcome.ts'
import { readPlanFile } from '../plan-file.ts'
import { reportError } from '../report-error.ts'
import { describeSubmission, requireRunId, submitPlan } from '../submission.ts'
import { runSummary } from '../summary.ts'
import { tryOut } from '../terminal.ts'

export const run: Command = command({
  name: 'run',
  summary: 'Submits a plan and follows it to its end',
  args: {
    plan: { type: 'positional', required: true, description: 'File of the plan, YAML or JSON; - is standard input' },
    id: {
      type: 'string',
      valueHint: 'RUN',
      description: 'Id of the run; the same plan under the same id is the same run',
    },
  },
  examples: [
    { line: 'seamark run plan.yaml', says: 'runs it here; no service is needed' },
    { line: "seamark run plan.yaml --json | jq -r '.kind // .type'", says: 'one document a line, ended by type "end"' },
  ],
  notes: [
    'Ctrl-C once cancels the run and waits until nothing of it is left; twice leaves at once.',
    'A relative workspace.git is relative to the working folder. Exit code: 0, 11 where the run failed, 8 where it was cancelled.',
  ],
  async run(context, args) {
    const { io } = context
    const json = args.json === true
    requireRunId(args.id)
    const plan = await readPlanFile(context.cwd, args.plan)
    const connection = await connect(context, args, 'commands')
    // Until there is a run to cancel, Ctrl-C has nothing to wait for.
    const offInterrupt = onInterrupt(() => void connection.close({ others: 'leave' }).finally(() => process.exit(8)))
    let others: OtherRuns = 'wait'
    try {
      const warnings = (connection.inProcess?.notes ?? []).filter(({ level }) => level === 'warn')
      if (!json) for (const { text } of warnings) io.err(`${io.errStyle.yellow(text)}\n`)
      const answer = await submitPlan(context, connection, plan, args.id)
      if (!json) await tryOut(io, describeSubmission(answer, io))
      offInterrupt()
      const { end, items, interrupted } = await followRun(context, connection, answer.run, json)
      if (interrupted) others = 'cancel'
      if (!json) await io.out(await runSummary(context, connection, end, items))
      return exitCodeOf(end.status)
    } catch (error) {
      return reportError(io, error, { json, file: plan.file })
    } finally {
      offInterrupt()
      await connection.close({ others })
    }
  },
})
