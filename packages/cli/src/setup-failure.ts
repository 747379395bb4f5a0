import type { SeamarkClient } from '@seamark/sdk'
import { logTail } from './log-tail.ts'
import { badEnd } from './progress/facts.ts'
import type { Style } from './style.ts'
import { harmless } from './style.ts'

/** Why the set-up of a run failed, the last lines it wrote and where the rest is. `item` is one that was skipped for it. */
export async function setupFailure(
  client: SeamarkClient,
  run: string,
  item: string,
  style: Style,
): Promise<readonly string[]> {
  return [
    `  ${style.red('✗')} set-up: ${harmless(await reasonOf(client, run))}`,
    ...(await logTail(client, run, item, 'setup', style)),
    style.dim(`    seamark logs ${run} ${item} --setup --stderr`),
  ]
}

async function reasonOf(client: SeamarkClient, run: string): Promise<string> {
  for await (const event of client.events(run))
    if (event.type === 'record' && event.kind === 'layer.ended' && event.data['outcome'] !== 'ready')
      return badEnd(event.data) ?? 'no reason given'
  return 'no reason recorded'
}
