import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { writeWhole } from '../bundle-files.ts'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { planSchemaText } from '../plan-schema.ts'

export const schema: Command = command({
  name: 'schema',
  args: {
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'File to write. Default: standard output' },
  },
  examples: [
    { line: 'seamark schema -o seamark.schema.json', says: 'beside a plan that begins with the line below' },
    { line: "seamark schema | jq '.properties.items.items.properties | keys'", says: 'every field of an item' },
  ],
  notes: [
    'An editor with the YAML language server completes and checks a plan whose first line names the file:',
    '# yaml-language-server: $schema=seamark.schema.json',
    'seamark init writes both. A file that is there is replaced. seamark validate checks more than a schema can say.',
  ],
  async run({ cwd, io }, args) {
    const text = planSchemaText()
    const target = args.output ?? '-'
    if (target === '-') {
      await io.out(text)
      return 0
    }
    const path = resolve(cwd, target)
    const bytes = await writeWhole(path, Readable.from([Buffer.from(text)]))
    await io.out(args.json === true ? `${JSON.stringify({ path, bytes })}\n` : `Wrote ${path}, ${bytes} bytes.\n`)
    return 0
  },
})
