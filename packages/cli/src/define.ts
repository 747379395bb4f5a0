import { parseArgs } from 'citty'
import type { ArgsDef } from 'citty'
import { checkArguments } from './arguments.ts'
import type { Command, CommandSpec, CommonArgs } from './command.ts'
import { COMMON } from './command.ts'

/** A command whose arguments are checked before it runs. */
export function command<const T extends ArgsDef>(spec: CommandSpec<T>): Command {
  const args = { ...spec.args, ...COMMON }
  return {
    name: spec.name,
    summary: spec.summary,
    args,
    examples: spec.examples,
    notes: spec.notes ?? [],
    run: (context, rawArgs) => {
      checkArguments(spec.name, args, rawArgs)
      return spec.run(context, parseArgs<T & CommonArgs>(rawArgs, args))
    },
  }
}
