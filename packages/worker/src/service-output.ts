import type { CallOptions } from '@seamark/core'
import { ITEM_ID, SeamError, sleep } from '@seamark/kit'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { lookBelow } from './contained.ts'
import type { AttemptLayout } from './layout.ts'
import type { WorkerLimits } from './limits.ts'
import { openBelow } from './service-reports.ts'

/** What of which service is to be read. */
export interface ServiceOutput {
  readonly ns: string
  readonly launchId: string
  readonly service: string
  /** First byte wanted. */
  readonly from: number
}

const PIECE = 64 * 1024
const LOOK_MS = 200

/** What a service writes, as its file grows. Errors: `NOT_FOUND`. */
export async function* followService(
  attempt: AttemptLayout,
  { service, from }: ServiceOutput,
  { maxServiceLogBytes }: Pick<WorkerLimits, 'maxServiceLogBytes'>,
  goesOn: () => Promise<boolean>,
  { signal }: CallOptions = {},
): AsyncGenerator<Uint8Array> {
  const name = `${service}.log`
  const isThere = async (path: string) => (await lookBelow(attempt.services, path)) !== undefined
  if (!ITEM_ID.test(service) || !((await isThere(join('data', service))) || (await isThere(name))))
    throw new SeamError('NOT_FOUND', `There is no service ${JSON.stringify(service.slice(0, 80))}.`, {
      remedy: 'Name one of its services in the plan.',
    })
  let file: FileHandle | undefined
  let at = from
  try {
    for (;;) {
      // Asked first: what it wrote until it ended is read below.
      const more = await goesOn()
      file ??= await openBelow(attempt.services, name)
      for (;;) {
        // Whoever may write to the file may make it longer than we do.
        const length = Math.min(PIECE, maxServiceLogBytes - at)
        if (file === undefined || length <= 0) break
        const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at)
        if (bytesRead === 0) break
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
      if (!more) return
      await sleep(LOOK_MS, signal)
    }
  } finally {
    await file?.close()
  }
}
