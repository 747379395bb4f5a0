/** What the command takes from its environment; nothing else reads it. */
export interface CliEnvironment {
  /** `SEAMARK_DATA`: the data folder. */
  readonly data?: string
  /** `SEAMARK_CONFIG`: absolute path of the configuration file, or `none`. */
  readonly config?: string
  /** `PATH`, where git is looked for. */
  readonly path?: string
  /** `NO_COLOR` (no-color.org), or a terminal that has none. */
  readonly noColor: boolean
}

export function readEnvironment(): CliEnvironment {
  const { SEAMARK_DATA, SEAMARK_CONFIG, PATH, NO_COLOR, TERM } = process.env
  return {
    ...(SEAMARK_DATA !== undefined && SEAMARK_DATA !== '' && { data: SEAMARK_DATA }),
    ...(SEAMARK_CONFIG !== undefined && SEAMARK_CONFIG !== '' && { config: SEAMARK_CONFIG }),
    ...(PATH !== undefined && { path: PATH }),
    noColor: (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb',
  }
}
