/** What the server takes from its environment; nothing else of it reads `process.env`. */
export interface ServerEnvironment {
  /** Folders where git and its transports are looked for. */
  readonly path: string | undefined
  /** What the program gets that tells of questions. */
  readonly notify?: Readonly<Record<string, string>>
  /** What git's transports need to reach private repositories. Never reaches an attempt. */
  readonly git: Readonly<Record<string, string>>
  /** Address of the database that a journal is moved to or from. */
  readonly databaseUrl?: string
}

const notify = ['PATH', 'HOME', 'DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR']
const transport = ['SSH_AUTH_SOCK', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']

export function readServerEnvironment(): ServerEnvironment {
  const { env } = process
  const given = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  const databaseUrl = env['SEAMARK_DATABASE_URL']
  return {
    path: env['PATH'],
    notify: given(notify),
    git: given(transport),
    ...(databaseUrl !== undefined && { databaseUrl }),
  }
}

/** Where this user's caches are; empty where the environment does not say it. */
export interface CacheEnvironment {
  /** `XDG_CACHE_HOME`, by the XDG Base Directory Specification. A relative path is passed over, as it says. */
  readonly caches: string
  /** `HOME`. */
  readonly home: string
}

export function readCacheEnvironment(): CacheEnvironment {
  const { XDG_CACHE_HOME = '', HOME = '' } = process.env
  return { caches: XDG_CACHE_HOME, home: HOME }
}
