import { backoffMs, sleep, toSeamError } from '@seamark/kit'
import { int8Array } from './binary-array.ts'
import { quoted } from './pg-port.ts'
import type { Tables } from './schema.ts'
import type { Session, Sessions } from './session.ts'

/** A lease to keep alive. */
export interface Beating {
  readonly ns: string
  readonly log: number
  readonly epoch: number
}

/** One connection that keeps leases alive, tells other processes of appends, and hears theirs. */
export interface Bell {
  /** Begins to listen. Idempotent. */
  start(): void
  /**
   * Tells other processes that a namespace has news: at once, or 20 ms after they were told last. Where it is lost, they
   * look by themselves.
   */
  ring(ns: string): void
  /** Whether news of others arrive here now. */
  readonly listening: boolean
  close(): Promise<void>
}

export interface BellOptions {
  readonly sessions: Sessions
  readonly tables: Tables
  readonly everyMs: number
  readonly leases: () => readonly Beating[]
  /** Another epoch is in the database. */
  readonly lost: (lease: Beating) => void
  /** A namespace has news; all may have where none is named. */
  readonly heard: (ns?: string) => void
}

// A busy log has hundreds of appends a second, and each telling is a transaction.
const tellEveryMs = 20

/** Channels are per database and names are limited to 63 bytes. */
export function channelOf({ schema }: Tables): string {
  return `seamark ${schema}`.slice(0, 63)
}

export function bell(options: BellOptions): Bell {
  const { sessions, tables, everyMs, leases, lost, heard } = options
  const closing = new AbortController()
  const hurry = new AbortController()
  const news = new Set<string>()
  let connection: Session | undefined
  let running: Promise<void> | undefined
  let ringing = false
  let told: Promise<void> | undefined

  async function beat(on: Session): Promise<void> {
    const mine = leases()
    if (mine.length === 0) return
    const values = [int8Array(mine.map(({ log }) => log)), int8Array(mine.map(({ epoch }) => epoch))]
    const kept = await on.query<{ log: number }>(
      `UPDATE ${tables.leases} l SET beat = clock_timestamp() FROM unnest($1::int8[], $2::int8[]) AS n (log, epoch)
        WHERE l.log = n.log AND l.epoch = n.epoch AND l.holder IS NOT NULL RETURNING l.log`,
      values,
      { name: 'beat', timeoutMs: 2 * everyMs },
    )
    const alive = new Set(kept.map(({ log }) => log))
    for (const lease of mine) if (!alive.has(lease.log)) lost(lease)
  }

  async function listen(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted;) {
      try {
        const opened = await sessions.open()
        connection = opened
        opened.onNotification((ns) => heard(ns))
        // A heartbeat that is lost with the server is younger than the server, which takers wait for.
        await opened.query(`SET synchronous_commit TO off; LISTEN ${quoted(channelOf(tables))}`)
        failures = 0
        heard()
        while (!closing.signal.aborted) {
          await beat(opened)
          await sleep(everyMs, closing.signal)
          if (opened.gone) break
        }
      } catch (thrown) {
        if (closing.signal.aborted) break
        // Whoever writes or reads is told by its own call what is wrong with the server.
        const { code } = toSeamError(thrown)
        const wait = backoffMs(failures++, 100, code === 'UNSUPPORTED' ? 30_000 : 1_000, Math.random())
        // Ends early for nothing but closing, which ends the loop.
        await sleep(wait, closing.signal).catch(() => undefined)
      } finally {
        connection?.cut()
        connection = undefined
      }
    }
  }

  async function tell(): Promise<void> {
    ringing = true
    try {
      while (news.size > 0 && connection !== undefined && !connection.gone) {
        const some = [...news]
        news.clear()
        await connection.query(
          `SELECT pg_notify($1, ns) FROM unnest(string_to_array($2, ' ')) AS ns`,
          [channelOf(tables), some.join(' ')],
          { name: 'tell', timeoutMs: 2 * everyMs },
        )
        // Ends early for nothing but closing, before which all is told.
        await sleep(tellEveryMs, hurry.signal).catch(() => undefined)
      }
    } catch {
      // The connection is made anew, and listeners look by themselves meanwhile.
      connection?.cut()
    } finally {
      ringing = false
    }
  }

  return {
    start() {
      running ??= listen()
    },
    ring(ns) {
      news.add(ns)
      if (!ringing) told = tell()
    },
    get listening() {
      return connection !== undefined && !connection.gone
    },
    async close() {
      hurry.abort()
      await told
      closing.abort()
      await connection?.end()
      await running
    },
  }
}
