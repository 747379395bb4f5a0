import { SeamError, toSeamError } from '@seamark/kit'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sandboxIdentity, type Identity } from './identity.ts'
import { closeInherited } from './inherited.ts'
import { takeLock } from './lock.ts'
import { layoutOf, type Layout } from './paths.ts'
import { PROTOCOL } from './protocol.ts'
import { serve } from './server.ts'
import { socketAddress } from './socket-address.ts'
import { EXIT_FAILED, EXIT_TAKEN } from './start-line.ts'
import { openStore } from './store.ts'
import { supervise, type Supervision } from './supervise.ts'
import { openWays, type Ways } from './ways.ts'

/** How long it waits for its first connection, at least. */
const firstGraceMs = 5000

/**
 * The supervisor's process: `main DATA-FOLDER [--grace-ms N] [--ways]`, the last one in a mount
 * namespace of its own. Ends with 0 when nobody needs it any more, with `EXIT_TAKEN` where another one
 * has the data folder, with `EXIT_FAILED` after a failure.
 */
async function main(): Promise<void> {
  closeInherited()
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'grace-ms': { type: 'string', default: '2000' }, ways: { type: 'boolean', default: false } },
  })
  const [data] = positionals
  if (data === undefined) throw new SeamError('INVALID_INPUT', 'The data folder is missing.')
  process.umask(0o077)
  const layout = layoutOf(data)
  mkdirSync(layout.attempts, { recursive: true, mode: 0o700 })
  const lock = takeLock(layout.lock)
  if (lock === undefined) process.exit(EXIT_TAKEN)

  const identity = sandboxIdentity()
  const opened = identity !== undefined && values.ways ? openWaysOrSay(layout, identity) : undefined
  const store = openStore(layout)
  let supervision: Supervision | undefined = undefined
  let leaving: NodeJS.Timeout | undefined
  const address = socketAddress(layout.folder)

  let left: Promise<void> | undefined
  const leave = () => (left ??= goAway())
  const goAway = async () => {
    rmSync(join(layout.folder, 'socket'), { force: true })
    await supervision?.close()
    await store.close()
    try {
      opened?.close()
    } catch (error) {
      // Empty folders on the host are no reason to end as a failure; the next one tries again.
      note(error)
    }
    // Named here also so that it is not collected as garbage, which would release it.
    lock.release()
    process.exit(0)
  }
  // A service that comes back within the grace finds it; one that comes later starts another.
  const leaveIfIdle = (afterMs = Number(values['grace-ms'])) => {
    clearTimeout(leaving)
    leaving = setTimeout(() => {
      if (supervision?.running === 0 && server.connections() === 0) void leave()
    }, afterMs)
  }
  const fail = (error: unknown): never => {
    note(error)
    process.exit(EXIT_FAILED)
  }

  supervision = await supervise({ layout, store, onIdle: () => leaveIfIdle(), onFatal: fail })
  const hello = {
    protocol: PROTOCOL,
    pid: process.pid,
    ways: opened?.ways ?? [],
    ...(identity !== undefined && { sandboxUid: identity.uid }),
  }
  const server = serve({ supervision, hello, onDeserted: () => leaveIfIdle() })

  // What is in the way can only be the socket of a dead supervisor: the lock is ours.
  rmSync(join(layout.folder, 'socket'), { force: true })
  server.on('error', fail)
  // Whoever started it is about to connect.
  server.listen(address.path, () => leaveIfIdle(Math.max(firstGraceMs, Number(values['grace-ms']))))

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void supervision?.killAll().then(leave, fail))
  process.on('uncaughtException', fail)
}

/** Where it may not mount, sandboxes reach what lies on an open path, and say so otherwise. */
function openWaysOrSay(layout: Layout, identity: Identity): Ways | undefined {
  try {
    return openWays(layout, identity)
  } catch (error) {
    note(error)
    return undefined
  }
}

/** Into the log of the data folder. */
function note(what: unknown): void {
  process.stderr.write(`${typeof what === 'string' ? what : toSeamError(what).message}\n`)
}

await main().catch((error: unknown) => {
  const { message, code } = toSeamError(error)
  process.stderr.write(`${code}: ${message}\n`)
  process.exit(EXIT_FAILED)
})
