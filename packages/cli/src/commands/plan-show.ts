import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { writeWhole } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { planText } from '../plan-text.ts'
import { VARIABLE_ARGS, variablesGiven } from '../plan-values.ts'
import { readPlanFile } from '../plan-file.ts'
import { inItsFiles, withIncludes } from '../plan-include.ts'
import { reportError } from '../report-error.ts'

export const planShow: Command = command({
  name: 'plan show',
  args: {
    plan: { type: 'positional', required: true, description: 'File of the plan, YAML or JSON; - is standard input' },
    ...VARIABLE_ARGS,
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'SVG of the graph to write; - for stdout' },
  },
  examples: [
    { line: 'seamark plan show plan.yaml', says: 'a step for what can run at once, by needs and locks' },
    { line: 'seamark plan show plan.yaml -o plan.svg', says: 'the graph as a picture; nothing is loaded by it' },
  ],
  notes: [
    'Steps take every item for as long as any other, and slots for endless: a queue with fewer holds some of them back.',
    'The longest path is the longest chain of items of which each needs the one before; ● marks its items.',
    '--json gives PlanView; see the documentation of the wire. A plan with problems is refused, as seamark validate does.',
  ],
  async run(context, args, _, given) {
    const { io, cwd } = context
    const json = args.json === true
    const plan = await withIncludes(await readPlanFile(cwd, args.plan))
    const { file, bytes, format } = plan
    const variables = await variablesGiven(cwd, args, given)
    try {
      const svg = args.output !== undefined
      const view = await withConnection(context, args, 'checks', ({ client }) =>
        inItsFiles(plan, () => client.show({ plan: bytes, format, variables, svg })),
      )
      if (args.output === '-') await io.out(view.svg ?? '')
      else if (args.output !== undefined) {
        const path = resolve(cwd, args.output)
        const size = await writeWhole(path, Readable.from([Buffer.from(view.svg ?? '')]))
        await io.out(json ? `${JSON.stringify({ path, bytes: size })}\n` : `Wrote ${path}, ${size} bytes.\n`)
      } else if (json) await io.out(`${JSON.stringify(view)}\n`)
      else
        for (const line of planText(view, io.style, io.interactive ? io.size().columns : Infinity))
          await io.out(`${line}\n`)
      return 0
    } catch (error) {
      return reportError(io, error, { json, file, shown: Infinity })
    }
  },
})
