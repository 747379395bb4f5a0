import { SeamError } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import type { CliContext, Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN_OF_ITEM } from '../find-run.ts'
import { askedText } from '../question-text.ts'

/** Characters of an answer; the service says so too. */
const MOST_CHARS = 20_000

export const answer: Command = command({
  name: 'answer',
  args: {
    item: { type: 'positional', required: true, description: 'Item of a run' },
    text: { type: 'positional', required: false, description: 'The answer. Default: standard input, to its end' },
    run: RUN_OF_ITEM,
    wait: {
      type: 'string',
      valueHint: 'TOKEN',
      description: 'Only the question of this wait, as status names it. Default: the present',
    },
  },
  examples: [
    { line: 'seamark answer guide "The second one."', says: 'the item guide of the newest run goes on' },
    { line: 'seamark answer guide --run 019a < answer.txt', says: 'an answer of many lines' },
  ],
  notes: [
    'What an item asks is in seamark status RUN ITEM.',
    'A question is answered once: with --wait what is sent again is refused, and so is what was meant for an earlier question.',
    'The answer becomes a record of the run. Known secrets are taken out of it; give an agent none.',
    '--json gives { run, item, wait, answered }.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'running', async ({ client }) => {
      const { run } = await findRun(client, args.run ?? 'last')
      const { item } = args
      const asked = await presentQuestion(client, run, item)
      const wait = args.wait ?? asked?.token
      if (wait === undefined)
        throw new SeamError('CONFLICT', `Item ${item} of run ${run} does not wait for an answer.`, {
          remedy: 'See `seamark status` for what it waits for.',
        })
      if (args.text === undefined && process.stdin.isTTY && asked !== undefined) await show(context, run, item, asked)
      await client.answer(run, item, wait, args.text ?? (await readText()))
      if (args.json === true) await context.io.out(`${JSON.stringify({ run, item, wait, answered: true })}\n`)
      else await context.io.out(`Item ${item} of run ${run} goes on with the answer.\n`)
      return 0
    }),
})

type Asked = NonNullable<Awaited<ReturnType<typeof presentQuestion>>>

async function presentQuestion(client: SeamarkClient, run: string, item: string) {
  const { waiting } = await client.item(run, item)
  return waiting?.for === 'parked' && waiting.question !== undefined
    ? { token: waiting.token, question: waiting.question }
    : undefined
}

async function show({ io }: CliContext, run: string, item: string, { question, token }: Asked): Promise<void> {
  const text = askedText(question, run, item, token).split('\n').slice(0, -1).join('\n')
  await io.out(`${text}\n${io.style.dim('Type the answer, then Ctrl-D at the beginning of a line.')}\n`)
}

/** Errors: `LIMIT_EXCEEDED` for more than an answer can be. */
async function readText(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: true })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    size += bytes.length
    if (size > 4 * MOST_CHARS)
      throw new SeamError('LIMIT_EXCEEDED', `Standard input has more than ${MOST_CHARS} characters.`, {
        remedy: 'Put long texts into a file of the repository, and name it in the answer.',
      })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8').trimEnd()
}
