import type { SeamError } from '@seamark/kit'
import { hasCode, sleep } from '@seamark/kit'
import { keepCheckpoint, keptCheckpoint } from './kept-checkpoint.ts'
import { heldBy } from './leases.ts'
import { migrate } from './migrate.ts'
import type { Migration } from './schema.ts'
import { serverError } from './server-errors.ts'
import type { Session } from './session.ts'
import { checkStored } from './start-checks.ts'
import type { Store } from './store.ts'
import { writer } from './writer.ts'
import type { Writer } from './writer.ts'

export interface TakeOverOptions {
  readonly signal: AbortSignal | undefined
  readonly lost: (epoch: number, why: SeamError) => void
  /** Throws where waiting has no sense any more: it was aborted, or the journal closed. */
  readonly goOn: () => void
  /** The lease is taken: from now on it must be kept alive. */
  readonly taken: (writer: Writer) => void
}

const pauseMs = 250

/**
 * Makes or migrates the tables, takes the lease, and checks what is stored. As a standby it waits until the lease is
 * free. Errors: those of `Journal.acquire`.
 */
export async function takeOver(
  at: Store,
  migrations: readonly Migration[],
  ns: string,
  holder: string,
  options: TakeOverOptions,
): Promise<Writer> {
  const label = `The journal of ${ns} in schema ${at.tables.schema}`
  at.bell.start()
  for (;;) {
    options.goOn()
    let connection: Session | undefined
    try {
      connection = await at.sessions.open()
      return await takeOn(connection, at, migrations, ns, holder, options)
    } catch (thrown) {
      connection?.cut()
      const error = serverError(thrown, label)
      // Who waits for the lease waits for the database, too.
      if (!at.settings.standby || !hasCode(error, 'UNAVAILABLE')) throw error
      await sleep(pauseMs, options.signal)
    }
  }
}

async function takeOn(
  connection: Session,
  at: Store,
  migrations: readonly Migration[],
  ns: string,
  holder: string,
  options: TakeOverOptions,
): Promise<Writer> {
  const { settings, tables, leases } = at
  for (;;) {
    try {
      await migrate(connection, tables, migrations, () => leases.requireIdle(connection))
      break
    } catch (error) {
      if (!settings.standby || !hasCode(error, 'CONFLICT')) throw error
      await sleep(pauseMs, options.signal)
    }
  }
  const { deployment, receiving, leaseMs: ttlMs } = settings
  const log = await leases.logOf(connection, ns, settings)
  for (;;) {
    options.goOn()
    const row = await leases.look(connection, log)
    const taken = row.free
      ? await leases.take(connection, ns, log, { holder, deployment, receiving, ttlMs })
      : undefined
    if (taken !== undefined) {
      const made = writer({
        tables,
        sessions: at.sessions,
        leases,
        ns,
        log,
        taken,
        connection,
        lost: (why) => options.lost(taken.epoch, why),
      })
      try {
        options.taken(made)
        await check(connection, at, ns, log)
        return made
      } catch (error) {
        await made.release()
        throw error
      }
    }
    if (!settings.standby) throw heldBy(ns, await leases.look(connection, log))
    await at.wake.wait(ns, pauseMs, options.signal)
  }
}

async function check(connection: Session, at: Store, ns: string, log: number): Promise<void> {
  const kept = keptCheckpoint(at.settings, ns)
  await checkStored(connection, at.tables, at.read, log, kept)
  const { checkpoint } = await at.read.head(connection, log)
  if (checkpoint === undefined || checkpoint.note === kept?.note) return
  if (kept === undefined || checkpoint.size >= kept.size) keepCheckpoint(at.settings, ns, checkpoint)
}
