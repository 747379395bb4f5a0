import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withoutValues } from '../no-values.ts'
import type { SecretVault } from '../secret-vault.ts'
import type { Style } from '../style.ts'
import { openVault } from '../vault.ts'

export const secretsList: Command = withoutValues(
  command({
    name: 'secrets list',
    args: {},
    examples: [
      { line: 'seamark secrets list', says: 'names, versions and times; needs no key' },
      { line: 'seamark secrets list --config seamark.config.ts', says: 'those of the store that it names' },
    ],
    notes: [
      'A version is drawn at random when a value is set. Exit code 10 where a file is damaged, after all others.',
      'Where the configuration has a store of its own, the names that it knows: whether one can be had says secrets test.',
      '--json gives { secrets: [{ ref, version?, createdAt?, updatedAt?, expiresAt?, encrypted? }] }.',
    ],
    async run(context, args) {
      const { io } = context
      const vault = await openVault(context, args, false)
      const entries: Entry[] = []
      let failure: { readonly error: unknown } | undefined
      try {
        for await (const entry of vault.list()) entries.push(entry)
      } catch (error) {
        // What is whole is shown first.
        failure = { error }
      }
      if (failure === undefined || entries.length > 0)
        await io.out(
          args.json === true ? `${JSON.stringify({ secrets: entries })}\n` : table(entries, vault.name, io.style),
        )
      if (failure !== undefined) throw failure.error
      return 0
    },
  }),
)

type Entry = ReturnType<SecretVault['list']> extends AsyncIterable<infer T> ? T : never

function table(entries: readonly Entry[], store: string, style: Style): string {
  if (entries.length === 0) return 'There are no secrets. Set one: seamark secrets set NAME\n'
  const width = Math.max(...entries.map(({ ref }) => ref.length))
  const lines = entries.map(({ ref, version = '', updatedAt, expiresAt, encrypted }) => {
    if (updatedAt === undefined) return `${ref.padEnd(width)}  ${style.dim(store)}`
    const end = expiresAt === undefined ? '' : `  until ${shown(expiresAt)}`
    return `${ref.padEnd(width)}  ${style.dim(version)}  set ${shown(updatedAt)}${end}  ${encrypted ? 'encrypted' : 'plain'}`
  })
  return `${lines.join('\n')}\n`
}

function shown(at: number): string {
  return new Date(at).toISOString()
}
