import type { Projections } from '@seamark/core'
import type { Command } from './commands.ts'
import type { State } from './state.ts'

/**
 * A command about a run that is not in memory, with what the projection knows of it. To be called
 * where nobody else writes. Errors: those of `Projections.query`.
 */
export async function withEarlier(state: State, projections: Projections, command: Command): Promise<Command> {
  const run = command.type === 'cancel' ? command.run : command.type === 'submit' ? command.submission.run : undefined
  if (run === undefined || state.runs.has(run)) return command
  const { rows } = await projections.query(state.ns, 'runs', { run })
  const [earlier] = rows
  if (earlier === undefined) return command
  if (command.type === 'submit') return { ...command, earlier }
  if (command.type !== 'cancel') return command
  if (command.item === undefined) return { ...command, earlier }
  const { rows: items } = await projections.query(state.ns, 'items', { run, item: command.item })
  return { ...command, earlier, unknownItem: items.length === 0 }
}
