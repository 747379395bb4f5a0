import { hostname } from 'node:os'
import { makeNamedFolder, requireOwnFolder } from '@seamark/cli'
import { loadConfig } from '@seamark/config'
import type { LoadedConfig } from '@seamark/config'
import type { HostOptions, RunningService, ServiceHost } from '@seamark/cli'
import type { AnyRecord, Principal } from '@seamark/core'
import { hasCode, SeamError, secretMemory, sleep, systemClock, toSeamError } from '@seamark/kit'
import type { StopOptions } from '@seamark/orchestrator'
import { tellOfBudgets } from './budget-notices.ts'
import { tellOfQuestions } from './question-notices.ts'
import { questions } from './questions.ts'
import { claimOn } from './claim.ts'
import { compose } from './compose.ts'
import type { Deployment } from './deployment.ts'
import type { Leadership } from './leadership.ts'
import type { ServerEnvironment } from './env.ts'
import { frontDoor } from './front-door.ts'
import { buildApp } from './http/app.ts'
import { keepOutOfGit } from './keep-out-of-git.ts'
import { originOf } from './keys.ts'
import { scrubInBackground } from './scrub.ts'
import { inUse, listenPrivately, serviceIn, socketIn } from './socket.ts'

/** The two ways to have a service, as the command is given them. */
export function serviceHost(environment: ServerEnvironment): ServiceHost {
  return {
    serve: (options) => start(options, environment, { as: 'seamark serve', engine: true, standby: true }),
    startInProcess: (options) => start(options, environment, { as: 'seamark run', standby: false, ...options }),
    // Both journals are loaded for it, and for nothing else.
    migrate: async (options) => (await import('./migrate.ts')).migrate(options, environment),
    secrets: async (options) => (await import('./secrets.ts')).secrets(options, environment),
  }
}

interface Mode {
  readonly as: string
  readonly engine: boolean
  readonly finishing?: boolean
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
  const { dataDir, cwd, configFile } = options
  const memory = secretMemory()
  const onNotice = (error: Error) => options.onNotice(memory.error(error))
  const loaded = await loadConfig({ cwd, ...(configFile !== undefined && { named: configFile }) })
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  if (mode.engine) {
    await makeNamedFolder(dataDir)
    await keepOutOfGit(dataDir)
    const first = await serviceIn(dataDir)
    // The default journal is the folder's own. Another one may be waited for, which it says when it is asked.
    if (first !== undefined && !(mode.standby && loaded.config.journal !== undefined)) throw inUse(dataDir, first)
  }
  const holder = `${mode.as} (process ${process.pid} on ${hostname()})`
  const claim = claimOn(dataDir)
  const front = frontDoor({ dataDir, as: mode.as, log: () => logOf(deployment), makeApp: () => makeApp(), onNotice })
  const deployment = await compose({
    loaded,
    dataDir,
    engine: mode.engine,
    ...(mode.finishing !== undefined && { finishing: mode.finishing }),
    claim,
    async taken() {
      await front.requireFolder()
      claim.take()
    },
    holder,
    environment,
    memory,
    onNotice,
  })
  const stopping = new AbortController()
  const ended = Promise.withResolvers<unknown>()
  let stopped: Promise<void> | undefined
  const startedAt = Date.now()
  let draining: { readonly since: number } | undefined
  let lateBy: (timeoutMs: number | undefined) => void = () => undefined
  const makeApp = () =>
    buildApp({
      deployment,
      principal: localPrincipal(loaded),
      startedAt,
      stopping: stopping.signal,
      stop: (how) => void stop(how).catch((error: unknown) => onNotice(toSeamError(error))),
      drain: (how) => void drain(how).catch((error: unknown) => onNotice(toSeamError(error))),
      draining: () => draining,
      onNotice,
    })
  let requests = () => front.requests()
  let close = () => front.close()
  let socketPath = socketIn(dataDir)
  let leader: Leader | undefined
  let listens = true
  try {
    leader = await otherLeader(deployment, mode, onNotice)
    if (!mode.engine) {
      const app = makeApp()
      const reached = await listenPrivately(app.http)
      socketPath = reached.socket
      requests = () => app.open()
      close = () => reached.close()
    } else if (leader === undefined) await front.open()
    else listens = await front.openIfFree()
  } catch (error) {
    // What is told is why it did not start; that letting go failed too is a notice.
    const notice = (cause: unknown) => onNotice(toSeamError(cause))
    await deployment.leadership?.stop().catch(notice)
    claim.close()
    await deployment.close().catch(notice)
    throw error
  }
  void deployment.leadership?.failed.then((reason) => ended.resolve(reason))
  claim.lost.addEventListener('abort', () => ended.resolve(claim.lost.reason), { once: true })
  const over = deployment.leadership
    ?.lead()
    .then(() => (leader === undefined || stopped !== undefined ? undefined : front.open()))
  // A stop also ends the waiting for the lease, and says itself how it went.
  over?.catch((error: unknown) => stopped ?? ended.resolve(error))
  void over?.then(
    () =>
      deployment.engine &&
      tellOfQuestions({
        engine: deployment.engine,
        ask: questions(deployment),
        argv: loaded.config.notify,
        env: environment.notify ?? {},
        signal: stopping.signal,
        // Whoever follows a run of its own sees what it asks.
        ...(mode.as === 'seamark serve' && { say: (text: string) => onNotice(new SeamError('UNAVAILABLE', text)) }),
        onNotice,
      }),
    () => undefined,
  )
  // In a service of one command that command tells of its run.
  if (mode.as === 'seamark serve')
    void over?.then(
      () => deployment.engine && tellOfBudgets(deployment.engine, onNotice),
      () => undefined,
    )
  const stopScrub =
    mode.as === 'seamark serve'
      ? scrubInBackground(deployment, { onDamage: (error) => ended.resolve(error), onNotice })
      : undefined

  async function stopAll(how: StopOptions): Promise<void> {
    stopScrub?.()
    try {
      await deployment.leadership?.stop(how)
      // Followers see cancelled runs come to their end before the door closes.
      if (how.cancelRunning === true)
        for (const end = Date.now() + farewellMs; requests() > 0 && Date.now() < end;) await sleep(10)
    } finally {
      claim.close()
      stopping.abort()
      try {
        await close()
      } finally {
        await deployment.close()
      }
    }
  }

  function stop(how: StopOptions = {}): Promise<void> {
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

  /** Stops once nothing runs; called meanwhile, it waits from then on as long as it says. Errors: `TIMEOUT`, and it takes work again; those of `stop`. */
  async function drain({ timeoutMs }: { readonly timeoutMs?: number }): Promise<void> {
    const { engine } = deployment
    if (draining !== undefined) return lateBy(timeoutMs)
    if (stopped !== undefined || engine === undefined) return
    draining = { since: Date.now() }
    const late = new SeamError('TIMEOUT', 'Something still runs: the service takes work again.')
    const given = new AbortController()
    let cancel = () => {}
    lateBy = (ms) => {
      cancel()
      if (ms !== undefined) cancel = systemClock.at(Date.now() + ms, () => given.abort(late))
    }
    lateBy(timeoutMs)
    try {
      await engine.drain({ signal: given.signal })
    } catch (error) {
      draining = undefined
      // Somebody stopped it meanwhile.
      if (stopped !== undefined) return
      throw error
    } finally {
      cancel()
    }
    await stop()
  }

  return {
    socketPath,
    notes: deployment.notes,
    ...(leader !== undefined && {
      standby: {
        ...leader,
        listens,
        // What keeps it from leading ends the service, which is told there.
        over: (over ?? never).catch(() => never),
      },
    }),
    ended: ended.promise,
    stop,
    idle: () => idle(deployment),
    async kill() {
      // What a standby, or one that was replaced, finds in its folder runs for another.
      if (deployment.engine === undefined || !claim.held()) return
      const killing = Promise.all(deployment.executors.map((executor) => killAll(executor)))
      await Promise.race([killing, sleep(killMs)])
    },
  }
}

interface Leader {
  readonly leader?: string
}

const never = new Promise<void>(() => undefined)

/**
 * Starts the engine. Resolves with nothing when it leads, or with what is known of the leader where this one waits as a
 * standby. Errors: those of `Engine.start`; `CONFLICT` where another one leads and this one is to lead now or never.
 */
async function otherLeader(
  { leadership, ns }: Deployment,
  { standby }: Mode,
  onNotice: (error: Error) => void,
): Promise<Leader | undefined> {
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
  return leader === undefined ? {} : { leader }
}

/** The name that the log has in every checkpoint; `undefined` before its first record. */
async function logOf(deployment: Deployment): Promise<string | undefined> {
  try {
    return await originOf(deployment, {})
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error
    return undefined
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

async function killAll(executor: Deployment['executors'][number]): Promise<void> {
  for await (const { launchId, state } of executor.list()) if (state.state === 'running') await executor.kill(launchId)
}

const ends: ReadonlySet<AnyRecord['kind']> = new Set(['run.sealed', 'run.paused', 'service.paused'])

/** Resolves once no run is left in memory but those that are paused. */
async function idle({ engine }: Deployment): Promise<void> {
  const none = () => engine === undefined || engine.stats().runs === engine.stats().paused
  if (engine === undefined || none()) return
  await new Promise<void>((resolve) => {
    const off = engine.onRecords((records) => {
      if (records.some(({ kind }) => ends.has(kind)) && none()) {
        off()
        resolve()
      }
    })
  })
}

/** Whoever can open the socket is this user, or root. */
function localPrincipal({ teams }: LoadedConfig): Principal {
  const id = `local:${process.getuid?.() ?? 'unknown'}`
  const own = teams.filter(({ members }) => members.includes(id)).map(({ name }) => name)
  return { id, ...(own.length > 0 && { teams: own }) }
}
