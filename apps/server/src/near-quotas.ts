import { NEAR_QUOTA } from '@seamark/config'
import type { LoadedConfig } from '@seamark/config'
import type { CallOptions } from '@seamark/core'
import { toSeamError } from '@seamark/kit'
import type { QuotaView } from '@seamark/protocol'
import type { LocalWorker } from '@seamark/worker'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Quota } from './quota.ts'

/** A quota that is set. */
export interface SetQuota {
  readonly of: QuotaView['of']
  /** Looks at all that counts towards it. */
  measure(options?: CallOptions): Promise<Omit<QuotaView, 'of'>>
}

/** Each quota that the configuration sets. */
export function setQuotas(
  ns: string,
  { kept, mirrors }: LoadedConfig['quotas'],
  storage: Quota | undefined,
  worker: Pick<LocalWorker, 'space'>,
): readonly SetQuota[] {
  const onDisk = (of: 'kept' | 'mirrors', maxBytes: number | undefined): SetQuota[] =>
    maxBytes === undefined
      ? []
      : [{ of, measure: async (call) => ({ bytes: (await worker.space(ns, of, call)).bytes, maxBytes }) }]
  return [
    ...(storage ? [{ of: 'storage', measure: (call?: CallOptions) => storage.measure(call) } as const] : []),
    ...onDisk('kept', kept),
    ...onDisk('mirrors', mirrors),
  ]
}

/** What is near its quota or over it. */
export interface NearQuotas {
  /** As was seen last. It is looked at again where that is a minute ago, and at least twenty times as long as it took. */
  near(): Promise<readonly QuotaView[]>
  /** Ends what looks. */
  close(): void
}

const believedMs = 60_000
// Who asks first waits at most so long.
const patienceMs = 200

export function nearQuotas(
  quotas: readonly SetQuota[],
  { now, onNotice }: { readonly now: () => number; readonly onNotice: (error: Error) => void },
): NearQuotas {
  const stop = new AbortController()
  let seen: readonly QuotaView[] = []
  let again = -Infinity
  let going: Promise<void> | undefined

  async function look(): Promise<void> {
    const began = now()
    try {
      const found: QuotaView[] = []
      for (const quota of quotas) found.push({ of: quota.of, ...(await quota.measure({ signal: stop.signal })) })
      seen = found.filter(({ bytes, maxBytes }) => bytes > NEAR_QUOTA * maxBytes)
    } catch (error) {
      if (!stop.signal.aborted) onNotice(toSeamError(error))
    }
    again = now() + Math.max(believedMs, 20 * (now() - began))
  }

  return {
    async near() {
      if (quotas.length === 0 || stop.signal.aborted) return []
      const first = again === -Infinity
      if (now() >= again)
        going ??= look().finally(() => {
          going = undefined
        })
      if (first && going) await Promise.race([going, sleep(patienceMs, undefined, { ref: false })])
      return seen
    },
    close: () => stop.abort(),
  }
}
