import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withoutValues } from '../no-values.ts'
import { KEY_ARGS, openVault } from '../vault.ts'

export const secretsTest: Command = withoutValues(
  command({
    name: 'secrets test',
    args: { name: { type: 'positional', required: true, description: 'Its name' }, ...KEY_ARGS },
    examples: [
      { line: 'seamark secrets test github', says: 'exit code 0 where it can, otherwise why it can not' },
      { line: 'seamark secrets test github --config seamark.config.ts', says: 'in the store that it names' },
    ],
    notes: [
      'With a key, or where the configuration names no store, in the data folder.',
      '--json gives { ref, resolved: true }.',
    ],
    async run(context, args) {
      const vault = await openVault(context, args, false)
      const { value } = await vault.resolve(args.name)
      value.fill(0)
      const answer = { ref: args.name, resolved: true }
      await context.io.out(args.json === true ? `${JSON.stringify(answer)}\n` : `${args.name} can be resolved.\n`)
      return 0
    },
  }),
)
