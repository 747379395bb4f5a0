import { hasCode, SeamError, sleep } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import { seamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import { namedConfig } from './config-file.ts'
import { dataFolder } from './data-folder.ts'
import { exists } from './exists.ts'
import type { RunningService } from './host.ts'
import { settleOthers } from './other-runs.ts'
import { readServiceFile } from './service-file.ts'
import { listens, socketAddress } from './socket-address.ts'

/** A service to talk to, running elsewhere or in this process. */
export interface Connection {
  readonly client: SeamarkClient
  readonly dataDir: string
  /** The service in this process, where there was none. */
  readonly inProcess?: RunningService
  /** Lets go of it and stops a service in this process. */
  close(options?: { readonly others?: OtherRuns }): Promise<void>
}

/**
 * What a service in this process does with runs of others, taken up from before or submitted through its socket:
 * wait for their end (default), cancel them, or leave them to the next service.
 */
export type OtherRuns = 'wait' | 'cancel' | 'leave'

export interface ConnectArgs {
  readonly data?: string | undefined
  readonly config?: string | undefined
}

/**
 * What a command needs. `questions`: any service, also one that only answers. `commands`: one that
 * takes commands, in this process if need be. `changes`: the same, but in this process it begins no attempt. `running`: one that goes on after this command.
 * `inspection`: one in this process that only looks, also where there is nothing yet. `checks`: any service, or such a one.
 */
export type Purpose = 'questions' | 'commands' | 'changes' | 'running' | 'inspection' | 'checks'

const patienceMs = 5_000

export async function connect(context: CliContext, args: ConnectArgs, purpose: Purpose): Promise<Connection> {
  const dataDir = await dataFolder(context, args)
  if (purpose === 'inspection') return inProcess(context, args, dataDir, purpose)
  const running = await runningService(dataDir)
  if (running !== undefined) return running
  if (purpose === 'checks') return inProcess(context, args, dataDir, purpose)
  if (purpose === 'running')
    throw new SeamError('UNAVAILABLE', `No service is running on ${dataDir}.`, {
      remedy: 'Start one with seamark serve, or run the plan here with seamark run.',
    })
  if (purpose === 'questions' && !(await exists(dataDir)))
    throw new SeamError('NOT_FOUND', `There is no data folder ${dataDir}.`, {
      remedy: 'Start with seamark init and seamark run, or name the folder with --data.',
    })
  try {
    return await inProcess(context, args, dataDir, purpose)
  } catch (error) {
    // Another command was first and is about to listen: it takes ours as well.
    const other = hasCode(error, 'CONFLICT') ? await soon(dataDir) : undefined
    if (other === undefined) throw error
    return other
  }
}

/** The service that runs on a data folder, if one does. Starts none. */
export async function connectRunning(context: CliContext, args: ConnectArgs): Promise<Connection | undefined> {
  return runningService(await dataFolder(context, args))
}

async function runningService(dataDir: string): Promise<Connection | undefined> {
  const file = await readServiceFile(dataDir)
  if (file === undefined || !(await listens(file.socket))) return undefined
  return { ...clientOf(file.socket), dataDir }
}

/** The service that holds the lease, once it listens; `undefined` where it does not within some seconds. */
async function soon(dataDir: string): Promise<Connection | undefined> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(100)) {
    const running = await runningService(dataDir)
    if (running !== undefined) return running
  }
  return undefined
}

async function inProcess(
  context: CliContext,
  args: ConnectArgs,
  dataDir: string,
  purpose: Purpose,
): Promise<Connection> {
  const { host, io, cwd } = context
  const finishing = purpose === 'changes'
  const engine = finishing || purpose === 'commands'
  const configFile = namedConfig(context, args)
  const service = await host.startInProcess({
    dataDir,
    cwd,
    engine,
    finishing,
    ...(configFile !== undefined && { configFile }),
    onNotice: (error) => io.err(`${io.errStyle.yellow('notice')} ${error.message}\n`),
  })
  const reached = clientOf(service.socketPath)
  return {
    client: reached.client,
    dataDir,
    inProcess: service,
    async close({ others = 'wait' } = {}) {
      if (engine && others !== 'leave') await settleOthers(context, reached.client, service, others)
      await reached.close()
      await service.stop()
    },
  }
}

function clientOf(socket: string): { readonly client: SeamarkClient; close(): Promise<void> } {
  const address = socketAddress(socket)
  const client = seamarkClient({ socketPath: address.path })
  return {
    client,
    async close() {
      await client.close()
      address.release()
    },
  }
}

/** Calls with a connection and closes it on every path. */
export async function withConnection<T>(
  context: CliContext,
  args: ConnectArgs,
  purpose: Purpose,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(context, args, purpose)
  try {
    return await use(connection)
  } finally {
    // One command does not take over the work of others.
    await connection.close({ others: 'leave' })
  }
}
