import { parseArgs } from 'citty'
import type { ArgsDef } from 'citty'
import { checkArguments } from './arguments.ts'
import type { Command, CommandSpec, CommonArgs } from './command.ts'
import { COMMON } from './command.ts'
import { outputFormat } from './output-format.ts'
import { yamlTerminal } from './yaml-terminal.ts'

/** A command whose arguments are checked before it runs. One that writes a file has an `output` of its own. */
export function command<const T extends ArgsDef>(spec: CommandSpec<T>): Command {
  const args = { ...spec.args, ...COMMON, ...('output' in spec.args && { output: spec.args['output'] }) }
  return {
    name: spec.name,
    summary: spec.summary,
    args,
    examples: spec.examples,
    notes: spec.notes ?? [],
    run: async (context, rawArgs) => {
      checkArguments(spec.name, args, rawArgs)
      const given = parseArgs<T & CommonArgs>(rawArgs, args)
      if ('output' in spec.args) return spec.run(context, given)
      const format = outputFormat(spec.name, given)
      if (format === 'table') return spec.run(context, given)
      const io = format === 'yaml' ? yamlTerminal(context.io) : context.io
      return spec.run({ ...context, io }, parseArgs<T & CommonArgs>(['--json', ...rawArgs], args))
    },
  }
}
