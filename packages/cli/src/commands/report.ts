import { resolve } from 'node:path'
import { writeWhole } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'

export const report: Command = command({
  name: 'report',
  args: {
    run: RUN,
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'Page to write. Default: report-RUN.html' },
  },
  examples: [
    { line: 'seamark report last -o report.html', says: 'graph, timeline, patches, logs, usage, denials, evidence' },
    { line: 'seamark report last -o - > page.html', says: 'to standard output' },
  ],
  notes: ['The page loads nothing and proves nothing: seamark verify does. --json gives { run, path, bytes }.'],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io, cwd } = context
      const { run } = await findRun(client, args.run)
      const target = args.output ?? `report-${run}.html`
      const page = client.report(run)
      if (target === '-') {
        for await (const chunk of page) await io.out(chunk)
        return 0
      }
      const path = resolve(cwd, target)
      const bytes = await writeWhole(path, page)
      if (args.json === true) await io.out(`${JSON.stringify({ run, path, bytes })}\n`)
      else await io.out(`Wrote ${path}, ${bytes} bytes. Open it in a browser; it loads nothing.\n`)
      return 0
    }),
})
