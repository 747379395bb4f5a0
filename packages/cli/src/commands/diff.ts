import type { SeamarkClient } from '@seamark/sdk'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { findRun, RUN } from '../find-run.ts'
import { paged } from '../pager.ts'
import type { Out } from '../pager.ts'
import { colourPatch } from '../patch-colours.ts'
import { patchFiles } from '../patch-files.ts'
import type { PatchedFile } from '../patch-files.ts'
import type { Style } from '../style.ts'
import { harmless } from '../style.ts'
import { table } from '../table.ts'
import { counted } from '../words.ts'

/** What an item changed. */
interface ItemPatch {
  readonly item: string
  readonly sha256: string
  readonly text: string
  readonly files: readonly PatchedFile[]
}

export const diff: Command = command({
  name: 'diff',
  args: {
    run: RUN,
    item: { type: 'positional', required: false, description: 'Only this item' },
    stat: { type: 'boolean', description: 'Only which files, and how many lines' },
  },
  examples: [
    { line: 'seamark diff last', says: 'what each item of the newest run changed' },
    { line: 'seamark diff last integrate --stat', says: 'the files of one item' },
  ],
  notes: [
    'On a terminal in colours, through SEAMARK_PAGER, PAGER or less. What git can apply is in seamark patch.',
    '--json gives { run, items: [{ item, sha256, files: [{ path, change, added, removed, binary }] }] }.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const { run } = await findRun(client, args.run)
      if (args.json === true) {
        const items: object[] = []
        for await (const { text: _, ...about } of patches(client, run, args.item)) items.push(about)
        await io.out(`${JSON.stringify({ run, items })}\n`)
        return 0
      }
      let changed = false
      const width = io.interactive ? io.size().columns : undefined
      const write = async (out: Out): Promise<void> => {
        for await (const patch of patches(client, run, args.item)) {
          changed = true
          await out(heading(patch, io.style))
          if (args.stat === true) await out(`${stat(patch.files, io.style, width).join('\n')}\n`)
          else await out(colourPatch(patch.text, io.style))
        }
      }
      await paged(context, write)
      if (!changed) io.err(args.item === undefined ? 'No item changed anything.\n' : 'The item changed nothing.\n')
      return 0
    }),
})

/** The patches of a run's items that have one, in the order of the plan. */
async function* patches(client: SeamarkClient, run: string, only: string | undefined): AsyncGenerator<ItemPatch> {
  const items = only === undefined ? client.items(run) : [await client.item(run, only)]
  for await (const { item, product } of items) {
    // Of an item that is not over it is the service that says so.
    if (only === undefined && (product?.patch === undefined || product.patch.size === 0)) continue
    const chunks: Uint8Array[] = []
    for await (const chunk of client.patch(run, item)) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    if (text !== '') yield { item, sha256: product?.patch?.sha256 ?? '', text, files: patchFiles(text) }
  }
}

function heading({ item, files }: ItemPatch, style: Style): string {
  const [added, removed] = sums(files)
  return `${style.bold(item)}  ${counted(files.length, 'file')}, ${style.green(`+${added}`)} ${style.red(`-${removed}`)}\n`
}

function stat(files: readonly PatchedFile[], style: Style, width: number | undefined): string[] {
  const columns = [
    { head: '', spare: 2 },
    { head: '', right: true },
    { head: '', right: true },
    { head: '', least: 6 },
  ] as const
  const rows = files.map(({ path, change, added, removed, binary }) => [
    { text: change, paint: style.dim },
    { text: binary ? 'binary' : `+${added}`, paint: style.green },
    { text: binary ? '' : `-${removed}`, paint: style.red },
    { text: harmless(path) },
  ])
  return table(columns, rows, style, width).slice(1)
}

function sums(files: readonly PatchedFile[]): readonly [number, number] {
  return [files.reduce((sum, { added }) => sum + added, 0), files.reduce((sum, { removed }) => sum + removed, 0)]
}
