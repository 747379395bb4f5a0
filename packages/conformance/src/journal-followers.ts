import type { Journal, ReadOptions } from '@seamark/core'
import { expectCode, expectEqual, within } from './check.ts'
import { openLog, plain, readAll } from './journal-log.ts'
import type { Case } from './suite.ts'

/** A reader that follows, with what it has seen so far. */
interface Follower {
  readonly seen: readonly number[]
  /** Resolves when so many records have come. */
  until(count: number): Promise<void>
  /** Aborts it; it must then end with ABORTED. */
  stop(): Promise<void>
}

function follow(journal: Journal, options: ReadOptions & { readonly from?: number } = {}): Follower {
  const controller = new AbortController()
  const seen: number[] = []
  let told = (): void => undefined
  const ended = (async () => {
    for await (const { seq } of journal.read('default', options.from ?? 0, {
      ...options,
      follow: true,
      signal: controller.signal,
    })) {
      seen.push(seq)
      told()
    }
  })()
  // Whoever waits sees it; a follower that nobody waits for yet must not end the process.
  ended.catch(() => undefined)
  return {
    seen,
    until: (count) =>
      within(
        new Promise<void>((resolve, reject) => {
          told = () => {
            if (seen.length >= count) resolve()
          }
          told()
          ended.then(() => reject(new Error(`it ended after ${seen.length} records`)), reject)
        }),
        `waiting for ${count} records`,
      ),
    async stop() {
      controller.abort()
      await expectCode('ABORTED', () => ended, 'a stopped follower')
    },
  }
}

/** Readers that go on. */
export const followerCases: readonly Case<Journal>[] = [
  {
    id: 'journal/follow',
    about: 'a follower gets what is there, then each record as it is appended, and ends with ABORTED when stopped',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(3))
      const follower = follow(seam, { from: 1 })
      await follower.until(2)
      for (let size = 3; size < 8; size++) {
        await log.append(plain(1))
        await follower.until(size)
      }
      await log.append(plain(500))
      await follower.until(507)
      await follower.stop()
      expectEqual(
        follower.seen,
        Array.from({ length: 507 }, (_, i) => i + 1),
        'records',
      )
    },
  },
  {
    id: 'journal/follow-before-the-first',
    about: 'a namespace can be followed before it exists, by several at once',
    async run({ seam }) {
      const followers = [follow(seam), follow(seam), follow(seam)]
      await new Promise((resolve) => setTimeout(resolve, 20))
      const log = await openLog(seam)
      await log.append(plain(2))
      await Promise.all(followers.map((follower) => follower.until(2)))
      await log.append(plain(1))
      await Promise.all(followers.map((follower) => follower.until(3)))
      await Promise.all(followers.map((follower) => follower.stop()))
    },
  },
  {
    id: 'journal/follow-run',
    about: 'a follower of a run gets only its records',
    async run({ seam }) {
      const follower = follow(seam, { run: 'r' })
      const log = await openLog(seam)
      await log.append([{ run: 'r' }, { run: 's' }, {}])
      await log.append(plain(300))
      await log.append([{ run: 's' }, { run: 'r' }])
      await follower.until(2)
      await follower.stop()
      expectEqual(follower.seen, [0, 304], 'records')
    },
  },
  {
    id: 'journal/follow-over-leases',
    about: 'a follower goes on when the lease changes hands',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(1))
      const follower = follow(seam)
      await follower.until(1)
      await log.lease.release()
      const next = await openLog(seam, 'default', log)
      await next.append(plain(1))
      await follower.until(2)
      await follower.stop()
    },
  },
  {
    id: 'journal/follow-ends-at-close',
    about: 'a follower that waits fails with UNAVAILABLE when the journal is closed',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(1))
      const follower = follow(seam)
      await follower.until(1)
      const waiting = expectCode('UNAVAILABLE', () => follower.until(2), 'the follower')
      waiting.catch(() => undefined)
      // One that does not follow has ended by now.
      await new Promise((resolve) => setTimeout(resolve, 20))
      await seam.close()
      await waiting
    },
  },
  {
    id: 'journal/follow-not-with-to',
    about: '`follow` together with `to` is INVALID_INPUT',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(3))
      await expectCode('INVALID_INPUT', () => readAll(seam, 'default', 0, { follow: true, to: 2 }), 'follow with to')
    },
  },
]
