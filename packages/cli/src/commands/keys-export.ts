import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fromSystemError } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'

export const keysExport: Command = command({
  name: 'keys export',
  args: {
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'File to write. Default: standard output' },
  },
  examples: [{ line: 'seamark keys export -o trust.json', says: 'give it to whoever verifies, by a way they trust' }],
  notes: ['A trust file holds public keys only. Who verifies decides what is in it: a bundle can add nothing to it.'],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const text = `${JSON.stringify(await client.keys(), undefined, 2)}\n`
      if (args.output === undefined || args.output === '-') {
        await context.io.out(text)
        return 0
      }
      const path = resolve(context.cwd, args.output)
      await writeFile(path, text).catch((error: unknown) => {
        throw fromSystemError(error, `Writing ${path}`)
      })
      await context.io.out(args.json === true ? `${JSON.stringify({ path })}\n` : `Wrote ${path}.\n`)
      return 0
    }),
})
