/** What the server takes from its environment; nothing else of it reads `process.env`. */
export interface ServerEnvironment {
  /** Folders where git and its transports are looked for. */
  readonly path: string | undefined
  /** What git's transports need to reach private repositories. Never reaches an attempt. */
  readonly git: Readonly<Record<string, string>>
  /** Address of the database that a journal is moved to or from. */
  readonly databaseUrl?: string
}

const transport = ['SSH_AUTH_SOCK', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']

export function readServerEnvironment(): ServerEnvironment {
  const { env } = process
  const git: Record<string, string> = {}
  for (const name of transport) {
    const value = env[name]
    if (value !== undefined) git[name] = value
  }
  const databaseUrl = env['SEAMARK_DATABASE_URL']
  return { path: env['PATH'], git, ...(databaseUrl !== undefined && { databaseUrl }) }
}
