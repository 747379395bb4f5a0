import { SeamError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withoutValues } from '../no-values.ts'
import { openVault } from '../vault.ts'

export const secretsRm: Command = withoutValues(
  command({
    name: 'secrets rm',
    args: { name: { type: 'positional', required: true, description: 'Its name' } },
    examples: [{ line: 'seamark secrets rm github', says: 'needs no key; have it revoked where it was issued, too' }],
    notes: ['A damaged one is removed as well. --json gives { ref, removed: true }.'],
    async run(context, args) {
      const vault = await openVault(context, args, false)
      if (!(await vault.delete(args.name)))
        throw new SeamError('NOT_FOUND', `There is no secret ${args.name}.`, { remedy: 'See seamark secrets list.' })
      const answer = { ref: args.name, removed: true }
      await context.io.out(args.json === true ? `${JSON.stringify(answer)}\n` : `Removed ${args.name}.\n`)
      return 0
    },
  }),
)
