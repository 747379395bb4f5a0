import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { makeNamedFolder, requireOwnFolder } from '@seamark/cli'
import { loadConfig } from '@seamark/config'
import type { HostOptions, RunningService, ServiceHost } from '@seamark/cli'
import type { Principal } from '@seamark/core'
import { fromSystemError, SeamError, sleep, systemCode, toSeamError } from '@seamark/kit'
import { compose } from './compose.ts'
import type { Deployment } from './deployment.ts'
import type { Leadership } from './leadership.ts'
import type { ServerEnvironment } from './env.ts'
import { buildApp } from './http/app.ts'
import { scrubInBackground } from './scrub.ts'
import { migrate } from './migrate.ts'
import { listen, listenPrivately, refuseSecond } from './socket.ts'

/** The two ways to have a service, as the command is given them. */
export function serviceHost(environment: ServerEnvironment): ServiceHost {
  return {
    serve: (options) => start(options, environment, { as: 'seamark serve', engine: true, standby: true }),
    startInProcess: (options) => start(options, environment, { as: 'seamark run', standby: false, ...options }),
    migrate: (options) => migrate(options, environment),
  }
}

interface Mode {
  readonly as: string
  readonly engine: boolean
  /** Whether it goes on as a standby where another service leads, or is refused. */
  readonly standby: boolean
}

// A kill that the executor does not answer must not keep a process from ending.
const killMs = 2_000

// What followers of runs that have just ended need to read the rest.
const farewellMs = 2_000

// A lease that is free is taken at once; one that a killed process had is free after the time that it lives without a sign.
const standbyAfterMs = 1_000
const refusedAfterMs = 5_000

async function start(options: HostOptions, environment: ServerEnvironment, mode: Mode): Promise<RunningService> {
  const { dataDir, cwd, configFile, onNotice } = options
  const loaded = await loadConfig({ cwd, ...(configFile !== undefined && { named: configFile }) })
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  if (mode.engine) {
    await makeNamedFolder(dataDir)
    await keepOutOfGit(dataDir)
    await refuseSecond(dataDir)
  }
  const holder = `${mode.as} (process ${process.pid} on ${hostname()})`
  const deployment = await compose({ loaded, dataDir, engine: mode.engine, holder, environment, onNotice })
  const stopping = new AbortController()
  const ended = Promise.withResolvers<unknown>()
  let stopped: Promise<void> | undefined
  const app = buildApp({
    deployment,
    principal: localPrincipal(),
    startedAt: Date.now(),
    stopping: stopping.signal,
    stop: (how) => void stop(how).catch((error: unknown) => onNotice(toSeamError(error))),
    onNotice,
  })

  let door: Awaited<ReturnType<typeof listen>> | undefined
  let standby: RunningService['standby']
  try {
    standby = await led(deployment, mode, onNotice)
    // A standby does not hold the lease that keeps a second service from this folder.
    if (standby !== undefined) await refuseSecond(dataDir)
    door = mode.engine ? await listen(app.http, dataDir, mode.as) : await listenPrivately(app.http)
  } catch (error) {
    // What is told is why it did not start; that letting go failed too is a notice.
    const notice = (cause: unknown) => onNotice(toSeamError(cause))
    await deployment.leadership?.stop().catch(notice)
    await deployment.close().catch(notice)
    throw error
  }
  void deployment.leadership?.failed.then((reason) => ended.resolve(reason))
  // A stop also ends the waiting for the lease, and says itself how it went.
  deployment.leadership?.lead().catch((error: unknown) => stopped ?? ended.resolve(error))
  const stopScrub =
    mode.as === 'seamark serve' ? scrubInBackground(deployment, (error) => ended.resolve(error)) : undefined

  async function stopAll(how: { readonly cancelRunning?: boolean }): Promise<void> {
    stopScrub?.()
    try {
      await deployment.leadership?.stop(how)
      // Followers see cancelled runs come to their end before the door closes.
      if (how.cancelRunning === true)
        for (const end = Date.now() + farewellMs; app.open() > 0 && Date.now() < end;) await sleep(10)
    } finally {
      stopping.abort()
      try {
        await door?.close()
      } finally {
        await deployment.close()
      }
    }
  }

  function stop(how: { readonly cancelRunning?: boolean } = {}): Promise<void> {
    // Whoever waits for the end learns of it either way.
    stopped ??= stopAll(how).then(
      () => ended.resolve(undefined),
      (error: unknown) => {
        ended.resolve(error)
        throw error
      },
    )
    return stopped
  }

  return {
    socketPath: door.socket,
    notes: deployment.notes,
    ...(standby !== undefined && { standby }),
    ended: ended.promise,
    stop,
    idle: () => idle(deployment),
    async kill() {
      const killing = Promise.all(deployment.executors.map((executor) => killAll(executor)))
      await Promise.race([killing, sleep(killMs)])
    },
  }
}

/**
 * Starts the engine. Resolves when it leads, or with what is known of the leader where this one waits as a standby.
 * Errors: those of `Engine.start`; `CONFLICT` where another one leads and this one is to lead now or never.
 */
async function led(
  { leadership, ns }: Deployment,
  { standby }: Mode,
  onNotice: (error: Error) => void,
): Promise<RunningService['standby']> {
  if (leadership === undefined) return undefined
  if (!(await leadership.waits(standby ? standbyAfterMs : refusedAfterMs))) {
    await leadership.lead()
    return undefined
  }
  const leader = await leaderNow(leadership, onNotice)
  if (!standby)
    throw new SeamError('CONFLICT', `${leader ?? 'Another service'} leads the namespace ${ns}.`, {
      remedy: 'Submit the plan there, or stop that service first.',
    })
  const never = new Promise<void>(() => undefined)
  return {
    ...(leader !== undefined && { leader }),
    // What keeps it from leading ends the service, which is told there.
    over: leadership.lead().catch(() => never),
  }
}

/** Where the journal can not be asked either, that is why this one waits. */
async function leaderNow(leadership: Leadership, onNotice: (error: Error) => void): Promise<string | undefined> {
  try {
    return await leadership.leader()
  } catch (error) {
    onNotice(toSeamError(error))
    return undefined
  }
}

/** A data folder in a repository is not committed with it: keys in a history are nobody's secret. */
async function keepOutOfGit(dataDir: string): Promise<void> {
  const path = join(dataDir, '.gitignore')
  try {
    await writeFile(path, '*\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    // One that is there stays as it is.
    if (systemCode(error) !== 'EEXIST') throw fromSystemError(error, `Writing ${path}`)
  }
}

async function killAll(executor: Deployment['executors'][number]): Promise<void> {
  for await (const { launchId, state } of executor.list()) if (state.state === 'running') await executor.kill(launchId)
}

/** Resolves once no run is left in memory. */
async function idle({ engine }: Deployment): Promise<void> {
  if (engine === undefined || engine.stats().runs === 0) return
  await new Promise<void>((resolve) => {
    const off = engine.onRecords((records) => {
      if (records.some(({ kind }) => kind === 'run.sealed') && engine.stats().runs === 0) {
        off()
        resolve()
      }
    })
  })
}

/** Whoever can open the socket is this user, or root. */
function localPrincipal(): Principal {
  return { id: `local:${process.getuid?.() ?? 'unknown'}` }
}
