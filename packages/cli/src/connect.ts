import { SeamError } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import { seamarkClient } from '@seamark/sdk'
import type { CliContext } from './command.ts'
import { dataFolder, exists } from './data-folder.ts'
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
 * takes commands, in this process if need be. `running`: one that goes on after this command.
 * `inspection`: one in this process that only looks, also where there is nothing yet; `deep` at all that is stored.
 */
export type Purpose = 'questions' | 'commands' | 'running' | 'inspection' | 'deep inspection'

export async function connect(context: CliContext, args: ConnectArgs, purpose: Purpose): Promise<Connection> {
  const dataDir = await dataFolder(context, args)
  if (purpose === 'inspection' || purpose === 'deep inspection') return inProcess(context, args, dataDir, purpose)
  const file = await readServiceFile(dataDir)
  if (file !== undefined && (await listens(file.socket))) {
    return { ...clientOf(file.socket), dataDir }
  }
  if (purpose === 'running')
    throw new SeamError('UNAVAILABLE', `No service is running on ${dataDir}.`, {
      remedy: 'Start one with seamark serve, or run the plan here with seamark run.',
    })
  if (purpose === 'questions' && !(await exists(dataDir)))
    throw new SeamError('NOT_FOUND', `There is no data folder ${dataDir}.`, {
      remedy: 'Start with seamark init and seamark run, or name the folder with --data.',
    })
  return inProcess(context, args, dataDir, purpose)
}

async function inProcess(
  context: CliContext,
  args: ConnectArgs,
  dataDir: string,
  purpose: Purpose,
): Promise<Connection> {
  const { host, io, cwd } = context
  const engine = purpose === 'commands'
  const service = await host.startInProcess({
    dataDir,
    cwd,
    engine,
    deep: purpose === 'deep inspection',
    ...(args.config !== undefined && { configFile: args.config }),
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
