import type { CallOptions } from '@seamark/core'
import { parseHeader } from '@seamark/log'
import type { Hold } from '@seamark/orchestrator'
import type { Deployment } from './deployment.ts'

/** The runs that are held. Without an engine nobody has the records folded: it then reads the whole log. */
export async function holds({ ns, journal, engine }: Deployment, options: CallOptions): Promise<readonly Hold[]> {
  if (engine !== undefined) return engine.storage().holds
  const held = new Map<string, Hold>()
  for await (const { header } of journal.read(ns, 0, options)) {
    if (!Buffer.from(header).includes('"kind":"hold.')) continue
    const { kind, data, actor, at } = parseHeader(header)
    if (kind === 'hold.placed') held.set(data.run, { ...data, placedBy: actor, placedAt: at })
    else if (kind === 'hold.released') held.delete(data.run)
  }
  return [...held.values()]
}
