import { hasCode, SeamError, sleep } from '@seamark/kit'
import { durationMs } from '@seamark/protocol'
import type { ServiceView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'
import type { Command } from '../command.ts'
import { withConnection } from '../connect.ts'
import { command } from '../define.ts'
import { counted } from '../words.ts'

const askEveryMs = 250

export const drain: Command = command({
  name: 'drain',
  args: {
    timeout: {
      type: 'string',
      valueHint: 'TIME',
      description: 'How long to wait: 90s, 30m, 12h. Default: until nothing runs',
    },
  },
  examples: [
    { line: 'seamark drain && apt-get upgrade seamark', says: 'before an upgrade: nothing is broken off' },
    { line: 'seamark drain --timeout 30m', says: 'or go on as before after half an hour' },
  ],
  notes: [
    'Plans are refused meanwhile (UNAVAILABLE). What waits, waits for the next service. Called again, it waits as long as it then says.',
    'seamark serve ends with exit code 0. Ctrl-C here leaves; the service drains on. Ctrl-C there cancels what runs.',
    'Exit code: 0 once the service has stopped, 8 (TIMEOUT) where something still ran after --timeout: it takes work again then.',
    '--json gives { drained: true, waiting }: how many unfinished runs wait for the next service.',
  ],
  run: async (context, args) => {
    const timeoutMs = args.timeout === undefined ? undefined : timeoutOf(args.timeout)
    const { io } = context
    const json = args.json === true
    await withConnection(context, args, 'running', async ({ client }) => {
      const { pid, startedAt } = await client.service()
      await client.drain(timeoutMs === undefined ? {} : { timeoutMs })
      let told = -1
      for (;;) {
        const view = await serviceNow(client)
        // Gone, or another one is there already.
        if (view === undefined || view.pid !== pid || view.startedAt !== startedAt) break
        if (view.draining === undefined)
          throw new SeamError(
            'TIMEOUT',
            `${counted(view.stats.running, 'step')} still ran: the service takes work again.`,
            {
              remedy:
                'Wait longer, or stop it with SIGTERM: its attempts then go on, and the next service takes them up.',
            },
          )
        if (!json && view.stats.running !== told) io.err(`Waiting for ${counted(view.stats.running, 'step')} to end.\n`)
        told = view.stats.running
        await sleep(askEveryMs)
      }
    })
    // Only what it left on record says what it left.
    const waiting = await withConnection(context, args, 'inspection', ({ client }) => unfinished(client))
    if (json) await io.out(`${JSON.stringify({ drained: true, waiting })}\n`)
    else await io.out(`The service has stopped. ${counted(waiting, 'unfinished run')} left for the next one.\n`)
    return 0
  },
})

function timeoutOf(text: string): number {
  const ms = durationMs(text)
  if (ms !== undefined) return ms
  throw new SeamError(
    'INVALID_INPUT',
    `--timeout ${JSON.stringify(text.slice(0, 40))} is no length of time up to 365d.`,
    { remedy: 'Write 90s, 30m or 12h.' },
  )
}

async function unfinished(client: SeamarkClient): Promise<number> {
  let count = 0
  for (const status of ['running', 'canceling'] as const) for await (const _ of client.runs({ status })) count++
  return count
}

async function serviceNow(client: SeamarkClient): Promise<ServiceView | undefined> {
  try {
    return await client.service()
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return undefined
    throw error
  }
}
