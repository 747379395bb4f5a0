import { resolve } from 'node:path'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'
import { applyPatch } from '../git-apply.ts'
import { paged } from '../pager.ts'
import { colourPatch } from '../patch-colours.ts'
import { counted } from '../words.ts'

export const patch: Command = command({
  name: 'patch',
  args: {
    run: RUN,
    item: { type: 'positional', required: true, description: 'Item of it' },
    apply: { type: 'string', valueHint: 'DIR', description: 'Working copy to apply it to, all of it or nothing' },
  },
  examples: [
    { line: 'seamark patch last integrate', says: "in git's format, binary files included" },
    { line: 'seamark patch last integrate --apply .', says: 'changes the working copy; commits nothing' },
  ],
  notes: ['--json gives { run, item, patch?: { sha256, size, files, baseTree, tree }, applied? }.'],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const { run } = await findRun(client, args.run)
      const view = await client.item(run, args.item)
      const chunks: Uint8Array[] = []
      for await (const chunk of client.patch(run, args.item)) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const dir = args.apply === undefined ? undefined : resolve(context.cwd, args.apply)
      if (dir !== undefined && bytes.length > 0) await applyPatch(dir, bytes)
      const made = view.product?.patch
      if (args.json === true) {
        const answer = {
          run,
          item: args.item,
          ...(made && { patch: made }),
          ...(dir !== undefined && { applied: dir }),
        }
        await io.out(`${JSON.stringify(answer)}\n`)
      } else if (dir !== undefined) {
        await io.out(
          bytes.length === 0
            ? 'The item changed nothing.\n'
            : `Applied: ${counted(made?.files ?? 0, 'file')} changed in ${dir}.\n`,
        )
      } else if (bytes.length === 0) io.err('The item changed nothing.\n')
      else if (!io.interactive) await io.out(bytes)
      else await paged(context, (out) => out(colourPatch(bytes.toString('utf8'), io.style)))
      return 0
    }),
})
