import { hasCode } from '@seamark/kit'
import type { CliContext } from '../command.ts'
import { connectRunning } from '../connect.ts'
import { findRun } from '../find-run.ts'
import { harmless } from '../style.ts'
import type { Wanted, Word } from './words.ts'

const runsOffered = 30
const itemsOffered = 200
// Whoever pressed a key waits.
const patienceMs = 2_000

/** Names that a running service knows; none where there is none, or it takes too long. */
export async function namesOf(
  context: CliContext,
  wanted: Exclude<Wanted, { kind: 'words' | 'files' }>,
): Promise<Word[]> {
  const connection = await connectRunning(context, {})
  if (connection === undefined) return []
  const { client } = connection
  const signal = AbortSignal.timeout(patienceMs)
  const words: Word[] = []
  try {
    if (wanted.kind === 'runs') {
      words.push({ text: 'last', says: 'the newest run' })
      for await (const { run, status, name = '' } of client.runs({}, { signal }))
        if (words.push({ text: run, says: `${status} ${oneLine(name)}`.trim() }) > runsOffered) break
    } else if (wanted.kind === 'items') {
      const { run } = await findRun(client, wanted.run ?? 'last')
      for await (const { item, status } of client.items(run, { limit: itemsOffered }, { signal }))
        if (words.push({ text: item, says: status }) >= itemsOffered) break
    } else
      for (const { name, version, removedAt } of await client.agents({ signal }))
        if (removedAt === undefined) words.push({ text: `${name}@${version}`, says: 'agent' })
  } catch (error) {
    // A run that is not there has no items to offer.
    if (!signal.aborted && !hasCode(error, 'NOT_FOUND') && !hasCode(error, 'INVALID_INPUT')) throw error
  } finally {
    await connection.close()
  }
  return words
}

// A line is a word.
function oneLine(text: string): string {
  return harmless(text.replaceAll(/\s+/g, ' '))
}
