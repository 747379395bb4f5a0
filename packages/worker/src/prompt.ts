import type { CallOptions, StepTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { isUtf8 } from 'node:buffer'
import { readFile, writeFile } from 'node:fs/promises'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import type { AttemptLayout } from './layout.ts'

/** Longest prompt, in bytes. */
const MOST_BYTES = 128_000

/**
 * Keeps a prompt that is a file of the base where no attempt can change it. It is read from the base's tree, never from the
 * workspace. Errors: `INVALID_INPUT` for one that is not there, is no plain file, is too long or no text.
 */
export async function placePrompt(
  task: StepTask,
  { git, mirrors }: GitTools,
  attempt: AttemptLayout,
  options?: CallOptions,
): Promise<void> {
  const file = fileOf(task)
  if (file === undefined) return
  const refuse = (what: string) =>
    new SeamError('INVALID_INPUT', `The prompt ${file} ${what}.`, {
      remedy: `Commit it as a text of at most ${MOST_BYTES} bytes, or write the words into the plan.`,
    })
  const { workspace } = task
  if (workspace.type === 'empty') throw refuse('is a file, and the workspace has none')
  const call = { gitDir: await mirrors.ensure(workspace, options), signal: options?.signal }
  const entries = await treeEntries(git, call, workspace.tree, file)
  const entry = entries.get(Buffer.from(file).toString('latin1'))
  if (entry === undefined) throw refuse('is not in the base')
  if (!entry.mode.startsWith('100')) throw refuse('is no plain file in the base')
  const { stdout: size } = await git(['cat-file', '-s', entry.oid], call)
  if (Number(size.toString()) > MOST_BYTES) throw refuse('is too long')
  const { stdout: bytes } = await git(['cat-file', 'blob', entry.oid], call)
  if (bytes.includes(0) || !isUtf8(bytes)) throw refuse('is no text')
  if (bytes.toString().trim() === '') throw refuse('is empty')
  await writeFile(attempt.prompt, bytes)
}

/** What the agent of a step is to do, where it has one: the same before the launch and after a restart. */
export async function promptOf(task: StepTask, attempt: AttemptLayout): Promise<string | undefined> {
  const { step, item, conversation, answer } = task
  if (step !== 'main') return undefined
  const words = typeof item?.prompt === 'object' ? await readFile(attempt.prompt, 'utf8') : item?.prompt
  const prompt = withInput(words, item)
  // Where the conversation is gone, it has to be told again what it asked.
  if (prompt === undefined || answer === undefined || conversation !== undefined) return prompt
  return `${prompt}\n\nYou asked before:\n\n${answer.question.text}\n\nThe answer was:\n\n${answer.text}\n`
}

/** An agent that takes no command line reads its input in its prompt, or has nothing else. */
function withInput(words: string | undefined, item: StepTask['item']): string | undefined {
  if (item?.input === undefined || item.run !== '') return words
  const input = `The input, as JSON:\n\n${JSON.stringify(item.input, undefined, 2)}\n`
  return words === undefined ? input : `${words}\n\n${input}`
}

function fileOf({ step, item }: StepTask): string | undefined {
  return step === 'main' && typeof item?.prompt === 'object' ? item.prompt.file : undefined
}
