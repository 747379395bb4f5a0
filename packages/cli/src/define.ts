import { parseArgs } from 'citty'
import type { ArgsDef } from 'citty'
import { checkArguments } from './arguments.ts'
import type { Command, CommandSpec, CommonArgs } from './command.ts'
import { COMMON } from './command.ts'
import { jsonTerminal } from './json-terminal.ts'
import { outputFormat } from './output-format.ts'
import { yamlTerminal } from './yaml-terminal.ts'

/** A command whose arguments are checked before it runs. One that writes a file has an `output` of its own. */
export function command<const T extends ArgsDef>(spec: CommandSpec<T>): Command {
  const args = { ...spec.args, ...COMMON, ...('output' in spec.args && { output: spec.args['output'] }) }
  return {
    name: spec.name,
    args,
    examples: spec.examples,
    notes: spec.notes ?? [],
    takesCommand: spec.takesCommand === true,
    takesMore: spec.takesMore === true,
    run: async (context, given) => {
      const end = spec.takesCommand === true ? given.indexOf('--') : -1
      const words = end === -1 ? undefined : given.slice(end + 1)
      const rawArgs = end === -1 ? given : given.slice(0, end)
      checkArguments(spec.name, args, rawArgs, spec.takesMore)
      const parsed = parseArgs<T & CommonArgs>(rawArgs, args)
      if ('output' in spec.args) {
        // With `-` it is the file that is written.
        const isDocument = parsed.json === true && parsed.output !== '-'
        return spec.run(isDocument ? { ...context, io: jsonTerminal(context.io) } : context, parsed, words, rawArgs)
      }
      const format = outputFormat(spec.name, parsed)
      if (format === 'table') return spec.run(context, parsed, words, rawArgs)
      const io = (format === 'yaml' ? yamlTerminal : jsonTerminal)(context.io)
      return spec.run({ ...context, io }, parseArgs<T & CommonArgs>(['--json', ...rawArgs], args), words, rawArgs)
    },
  }
}
