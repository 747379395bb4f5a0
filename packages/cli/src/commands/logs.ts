import type { Step } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { transcriptText } from '@seamark/protocol/wire'
import type { TranscriptLine } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'
import { onInterrupt } from '../interrupt.ts'
import { paged } from '../pager.ts'
import type { Out } from '../pager.ts'
import { harmlessOutput } from '../style.ts'
import { wholeNumber } from '../whole-number.ts'

export const logs: Command = command({
  name: 'logs',
  args: {
    run: RUN,
    item: { type: 'positional', required: true, description: 'Item of it' },
    follow: { type: 'boolean', alias: 'f', description: 'Goes on until the item has ended' },
    stderr: { type: 'boolean', description: 'Standard error instead of standard output' },
    transcript: {
      type: 'boolean',
      description: 'What its program said, and what it was told, in order; once the attempt has ended',
    },
    attempt: { type: 'string', valueHint: 'N', description: 'Attempt. Default: the newest' },
    setup: { type: 'boolean', description: 'What the set-up wrote that the item waited for' },
    service: { type: 'string', valueHint: 'NAME', description: 'What a service of the item or of the gate wrote' },
    gate: { type: 'string', valueHint: 'N', description: 'What the Nth gate wrote, from 1' },
  },
  examples: [
    { line: 'seamark logs last lint', says: 'standard output of the newest attempt' },
    { line: 'seamark logs last lint --setup --stderr', says: 'why the set-up of the run failed' },
    { line: 'seamark logs last test --service db', says: 'what its service db wrote' },
    { line: 'seamark logs last fix --transcript', says: 'what an agent said and what it was told' },
    { line: 'seamark logs last lint -f --stderr', says: 'standard error, as it comes' },
  ],
  notes: [
    '--transcript has what the program said after <, and what it was told after >.',
    'On a terminal, control characters other than colours are shown by their numbers.',
    '--json gives one document a line: { stream, from, text }, or base64 for bytes that are not UTF-8.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const { io } = context
      const { run } = await findRun(client, args.run)
      const stream = args.stderr === true ? 'stderr' : 'stdout'
      const attempt = args.attempt === undefined ? undefined : wholeNumber('--attempt', args.attempt)
      const step = stepOf(args)
      const stop = new AbortController()
      const offInterrupt = onInterrupt(() => stop.abort())
      const bytes = client.logs(
        run,
        args.item,
        {
          stream,
          follow: args.follow === true,
          ...(attempt !== undefined && { attempt }),
          step,
          ...(args.service !== undefined && { service: args.service }),
        },
        { signal: stop.signal },
      )
      const said = (): AsyncIterable<TranscriptLine> =>
        client.transcript(
          run,
          args.item,
          { follow: args.follow === true, ...(attempt !== undefined && { attempt }) },
          { signal: stop.signal },
        )
      const write = async (out: Out): Promise<void> => {
        if (args.transcript === true) {
          if (args.json === true) for await (const line of said()) await out(`${JSON.stringify(line)}\n`)
          else for await (const text of transcriptText(said())) await out(io.interactive ? harmlessOutput(text) : text)
          return
        }
        let from = 0
        const decoder = new TextDecoder()
        for await (const chunk of bytes) {
          if (args.json === true) await out(`${JSON.stringify({ stream, from, ...asText(chunk) })}\n`)
          else await out(io.interactive ? harmlessOutput(decoder.decode(chunk, { stream: true })) : chunk)
          from += chunk.byteLength
        }
        if (args.json !== true && io.interactive) await out('\u001B[0m')
      }
      try {
        // What is followed is seen as it comes.
        if (args.json === true || args.follow === true) await write((chunk) => io.out(chunk))
        else await paged(context, write)
      } catch (error) {
        if (!stop.signal.aborted) throw error
      } finally {
        offInterrupt()
      }
      return 0
    }),
})

function stepOf(args: {
  readonly gate?: string | undefined
  readonly setup?: boolean | undefined
  readonly service?: string | undefined
  readonly stderr?: boolean | undefined
  readonly transcript?: boolean | undefined
}): Step {
  const gate = args.gate === undefined ? undefined : wholeNumber('--gate', args.gate)
  if (args.service !== undefined && (args.setup === true || args.stderr === true))
    throw new SeamError(
      'INVALID_INPUT',
      'A service has one log, with both of its streams, and a set-up has no services.',
      {
        remedy: 'Leave out --stderr and --setup.',
      },
    )
  if (args.transcript === true && (args.service ?? args.setup ?? args.stderr ?? gate) !== undefined)
    throw new SeamError('INVALID_INPUT', 'Only the program of the item itself is told anything.', {
      remedy: 'Leave out --stderr, --service, --setup and --gate.',
    })
  if (args.setup !== true) return gate === undefined ? 'main' : `gate:${gate - 1}`
  if (gate === undefined) return 'setup'
  throw new SeamError('INVALID_INPUT', 'The set-up and a gate are two steps.', { remedy: 'Say --setup or --gate N.' })
}

function asText(chunk: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(chunk) }
  } catch {
    // Bytes that are no UTF-8 are output as good as any.
    return { base64: Buffer.from(chunk).toString('base64') }
  }
}
