import { Socket } from 'node:net'
import pg from 'pg'

/** One connection to the server. Calls are made one after the other, in the order in which they came. */
export interface Connection {
  /** Process of the server that the handshake named. A pooler names another one than `pg_backend_pid()` does. */
  readonly announcedPid: number
  /** Process of the server that served the first statement. */
  readonly pid: number
  /** Whether it broke or was closed: nothing can be asked any more. */
  readonly gone: boolean
  /** Runs one statement, or several without values. Where the answer takes longer than `timeoutMs`, the connection is cut. */
  query<Row extends Record<string, unknown>>(
    text: string,
    values?: readonly Value[],
    options?: { readonly name?: string; readonly timeoutMs?: number },
  ): Promise<readonly Row[]>
  onNotification(hear: (payload: string) => void): void
  /** Says goodbye. Never rejects. */
  end(): Promise<void>
  /** Cuts the connection without a word. */
  cut(): void
}

/** A `Buffer` is sent as it is, in the server's binary format. */
export type Value = string | number | Buffer | null

export interface Address {
  readonly url: string
  readonly applicationName: string
  readonly connectTimeoutMs: number
}

const int8 = 20
const answerTimeoutMs = 60_000

/** Connects. Rejects with what `pg` says. */
export async function connect({ url, applicationName, connectTimeoutMs }: Address): Promise<Connection> {
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    stream: () => socket,
  })
  client.setTypeParser(int8, toNumber)
  let gone = false
  const isGone = (): void => void (gone = true)
  // Whoever waits for an answer is told; a connection that breaks while nobody waits is found at its next use.
  client.on('error', isGone)
  client.on('end', isGone)
  try {
    await client.connect()
  } catch (error) {
    socket.destroy()
    throw error
  }
  let last: Promise<unknown> = Promise.resolve()

  async function ask<Row extends Record<string, unknown>>(
    text: string,
    values: readonly Value[] | undefined,
    { name, timeoutMs = answerTimeoutMs }: { readonly name?: string; readonly timeoutMs?: number },
  ): Promise<readonly Row[]> {
    if (gone) throw new Error('Connection terminated')
    const timer = setTimeout(() => {
      isGone()
      socket.destroy()
    }, timeoutMs)
    try {
      const { rows } = await client.query<Row>({
        text,
        ...(values !== undefined && { values: [...values] }),
        ...(name !== undefined && { name }),
      })
      return rows
    } finally {
      clearTimeout(timer)
    }
  }

  let pid = 0
  const connection: Connection = {
    announcedPid: announced(client),
    get pid() {
      return pid
    },
    get gone() {
      return gone
    },
    query<Row extends Record<string, unknown>>(
      text: string,
      values?: readonly Value[],
      options: { readonly name?: string; readonly timeoutMs?: number } = {},
    ): Promise<readonly Row[]> {
      const answer = last.then(() => ask<Row>(text, values, options))
      // Only the turn of the next call: whoever asked is told by the answer.
      last = answer.catch(() => undefined)
      return answer
    },
    onNotification: (hear) => void client.on('notification', ({ payload = '' }) => hear(payload)),
    async end() {
      if (gone) return void socket.destroy()
      isGone()
      const late = setTimeout(() => socket.destroy(), 1_000)
      // A goodbye that does not arrive changes nothing: the server ends what was cut off.
      await client.end().catch(() => undefined)
      clearTimeout(late)
    },
    cut() {
      isGone()
      socket.destroy()
    },
  }
  try {
    const [served] = await ask<{ pid: number }>('SELECT pg_backend_pid() AS pid', undefined, {})
    pid = served?.pid ?? 0
    return connection
  } catch (error) {
    connection.cut()
    throw error
  }
}

/** Identifiers as SQL. */
export function quoted(name: string): string {
  return pg.escapeIdentifier(name)
}

function toNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is beyond the integers of this runtime.`)
  return value
}

function announced(client: pg.Client): number {
  // Not in its declared types.
  const pid: unknown = Reflect.get(client, 'processID')
  return typeof pid === 'number' ? pid : 0
}
