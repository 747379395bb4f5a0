import type { SeamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import type { RunningService } from './host.ts'
import { onInterrupt } from './interrupt.ts'
import { counted } from './words.ts'

/** Brings the runs of others to their end before a service in this process stops, but for those that are paused: nobody knows until when. */
export async function settleOthers(
  { io }: CliContext,
  client: SeamarkClient,
  service: RunningService,
  how: 'wait' | 'cancel',
): Promise<void> {
  const others: string[] = []
  const { paused: allPaused } = await client.service()
  for (const status of ['running', 'canceling'] as const)
    for await (const { run, paused = allPaused } of client.runs({ status }))
      if (status === 'canceling' || paused === undefined) others.push(run)
  if (others.length === 0) return
  const named = `${counted(others.length, 'other run')} in this process: ${others.slice(0, 3).join(', ')}`
  if (how === 'cancel') {
    io.err(`Cancelling ${named}.\n`)
    return service.stop({ cancelRunning: true, keepPaused: true })
  }
  io.err(`Waiting for ${named}. Ctrl-C cancels.\n`)
  let stopping: Promise<void> | undefined
  const offInterrupt = onInterrupt((times) => {
    if (times === 1) stopping = service.stop({ cancelRunning: true, keepPaused: true })
    else void service.kill().finally(() => process.exit(8))
  })
  try {
    await Promise.race([service.idle(), service.ended])
    await stopping
  } finally {
    offInterrupt()
  }
}
