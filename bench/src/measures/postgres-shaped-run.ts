import { postgresJournal } from '@seamark/journal-postgres'
import { barePostgres } from '../bare-postgres.ts'
import { compare } from './shaped-run.ts'
import type { Input, ShapedRun } from './shaped-run.ts'

/** Runs a plan through the engine on PostgreSQL, then writes the rows that it wrote with nothing but `pg`, in turn. */
export async function measure({ url, ...input }: Input & { readonly url: string }): Promise<ShapedRun> {
  const store = postgresJournal({ url, schema: `shaped_${input.shape}` })
  return compare(input, { store, warmItems: 500, openBare: () => barePostgres(url) })
}
