import { resolve } from 'node:path'
import { checkSecretName, SeamError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withoutValues } from '../no-values.ts'
import { readSecret } from '../secret-input.ts'
import { KEY_ARGS, openVault } from '../vault.ts'

export const secretsSet: Command = withoutValues(
  command({
    name: 'secrets set',
    args: {
      name: { type: 'positional', required: true, description: 'Its name: letters, digits, "-", "_" and "."' },
      ...KEY_ARGS,
      'new-identity': { type: 'boolean', description: 'Makes the file that --identity names, where there is none' },
      expires: {
        type: 'string',
        valueHint: 'TIME',
        description: 'When it ends, such as 2027-01-31 or 2027-01-31T12:00Z',
      },
    },
    examples: [
      { line: 'seamark secrets set github', says: 'asks for the value, and does not show it' },
      {
        line: 'seamark secrets set key --identity ~/.config/seamark/identity < key.pem',
        says: 'encrypted, from a file',
      },
    ],
    notes: [
      'The value is typed, or comes from standard input, less one line end. It is never an argument.',
      'Refused are values of fewer than 8 characters: they could not be kept out of logs.',
      '--json gives { ref, version, createdAt, updatedAt, expiresAt?, encrypted }.',
    ],
    async run(context, args) {
      const { io, cwd } = context
      checkSecretName(args.name)
      const expiresAt = args.expires === undefined ? undefined : timeOf(args.expires)
      const vault = await openVault(context, args, true)
      // Where it could not be set, nobody types it in vain.
      vault.checkWritable()
      await vault.describe(args.name)
      const value = await readSecret(io, `Value of ${args.name}: `)
      if (args['new-identity'] === true) {
        if (args.identity === undefined)
          throw new SeamError('INVALID_INPUT', 'There is no name for the new identity.', {
            remedy: 'Add --identity FILE.',
          })
        const made = await vault.makeIdentity(resolve(cwd, args.identity))
        if (made !== false) io.err(`Made the identity ${made.recipient}. Keep a copy: without it no value is opened.\n`)
      }
      const entry = await vault.set(args.name, value, { ...(expiresAt !== undefined && { expiresAt }) })
      await io.out(args.json === true ? `${JSON.stringify(entry)}\n` : `Set ${entry.ref}.\n`)
      return 0
    },
  }),
)

const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function timeOf(text: string): number {
  const at = time.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new SeamError('INVALID_INPUT', 'What --expires says is no time.', {
      remedy: 'Write 2027-01-31, or 2027-01-31T12:00Z.',
    })
  return at
}
