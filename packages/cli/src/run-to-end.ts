import type { CliContext } from './command.ts'
import { connect } from './connect.ts'
import type { ConnectArgs, Connection, OtherRuns } from './connect.ts'
import { followRun } from './follow.ts'
import { onInterrupt } from './interrupt.ts'
import { exitCodeOf } from './outcome.ts'
import { reportError } from './report-error.ts'
import { runSummary } from './summary.ts'
import { tryOut } from './terminal.ts'

/** A run that was begun. */
export interface Begun {
  readonly run: string
  /** What people are told of it before it runs. */
  readonly said: string
  /** What people are told once it is over, beside its summary. */
  readonly told?: () => Promise<string>
}

/**
 * Begins a run and follows it to its end, in this process where no service runs. Ctrl-C cancels it. Resolves with the exit code.
 * `file`: the document that places of errors are in.
 */
export async function runToEnd(
  context: CliContext,
  args: ConnectArgs & { readonly json?: boolean | undefined },
  begin: (connection: Connection) => Promise<Begun>,
  file?: string,
): Promise<number> {
  const { io } = context
  const json = args.json === true
  const connection = await connect(context, args, 'commands')
  // Until there is a run to cancel, Ctrl-C has nothing to wait for.
  const offInterrupt = onInterrupt(() => void connection.close({ others: 'leave' }).finally(() => process.exit(8)))
  let others: OtherRuns = 'wait'
  try {
    const warnings = (connection.inProcess?.notes ?? []).filter(({ level }) => level === 'warn')
    if (!json) for (const { text } of warnings) io.err(`${io.errStyle.yellow(text)}\n`)
    const { run, said, told } = await begin(connection)
    if (!json) await tryOut(io, said)
    offInterrupt()
    const { end, items, interrupted } = await followRun(context, connection, run, json)
    if (interrupted) others = 'cancel'
    if (!json) {
      await io.out(await runSummary(context, connection, end, items))
      if (told !== undefined) await io.out(await told())
    }
    return exitCodeOf(end.status)
  } catch (error) {
    return reportError(io, error, { json, ...(file !== undefined && { file }) })
  } finally {
    offInterrupt()
    await connection.close({ others })
  }
}
