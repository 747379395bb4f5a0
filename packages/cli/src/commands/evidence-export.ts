import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readTar } from '@seamark/evidence'
import { writeFolder, writeWhole } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { exists } from '../exists.ts'
import { findRun, RUN } from '../find-run.ts'

export const evidenceExport: Command = command({
  name: 'evidence export',
  args: {
    run: RUN,
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE|DIR/',
      description: 'Tar to write, or a folder where it ends in /. Default: evidence-RUN.tar',
    },
  },
  examples: [
    { line: 'seamark evidence export last -o run.tar', says: 'one file; the same run gives the same records' },
    { line: 'seamark evidence export last -o evidence/', says: 'a folder, to look into' },
    { line: 'seamark evidence export last -o - | ssh auditor ...', says: 'to standard output' },
  ],
  notes: ['Verify it with seamark verify. --json gives { run, path, format: "tar" | "folder", bytes }.'],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io, cwd } = context
      const { run } = await findRun(client, args.run)
      const target = args.output ?? `evidence-${run}.tar`
      const bundle = client.evidence(run)
      if (target === '-') {
        for await (const chunk of bundle) await io.out(chunk)
        return 0
      }
      const path = resolve(cwd, target)
      const folder = target.endsWith('/') || (await isFolder(path))
      const bytes = folder ? await writeFolder(path, readTar(bundle)) : await writeWhole(path, bundle)
      const answer = { run, path, format: folder ? 'folder' : 'tar', bytes }
      if (args.json === true) await io.out(`${JSON.stringify(answer)}\n`)
      else await io.out(`Wrote ${path}, ${bytes} bytes. Check it with: seamark verify ${target} --trust trust.json\n`)
      return 0
    }),
})

async function isFolder(path: string): Promise<boolean> {
  return (await exists(path)) && (await stat(path)).isDirectory()
}
