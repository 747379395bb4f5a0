import type { Projections } from '@seamark/core'
import type { Command } from './commands.ts'
import type { State } from './state.ts'

function runOf(command: Command): string | undefined {
  if (command.type === 'submit') return command.submission.run
  const { type } = command
  if (type === 'pause' || type === 'unpause' || type === 'hold' || type === 'remove') return command.run
  return type === 'cancel' || type === 'answer' ? command.run : undefined
}

/** Whether a command is about a run that is not in memory. */
export function isEarlier(state: State, command: Command): boolean {
  const run = runOf(command)
  return run !== undefined && !state.runs.has(run)
}

/**
 * A command about a run that is not in memory, with what the projection knows of it. To be called
 * where nobody else writes. Errors: those of `Projections.query`.
 */
export async function withEarlier(state: State, projections: Projections, command: Command): Promise<Command> {
  const run = runOf(command)
  if (run === undefined || state.runs.has(run)) return command
  const { rows } = await projections.query(state.ns, 'runs', { run })
  const [earlier] = rows
  if (earlier === undefined) return command
  const { type } = command
  if (type === 'submit' || type === 'pause' || type === 'unpause' || type === 'hold' || type === 'remove')
    return { ...command, earlier }
  if (command.type !== 'cancel' && command.type !== 'answer') return command
  if (command.item === undefined) return { ...command, earlier }
  const { rows: items } = await projections.query(state.ns, 'items', { run, item: command.item })
  return { ...command, earlier, unknownItem: items.length === 0 }
}
