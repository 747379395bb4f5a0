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
  /** `SEAMARK_PAGER` or `PAGER`: a command line; empty or `cat` for none. */
  readonly pager?: string
  /** A terminal that can only write one line after another. */
  readonly dumb: boolean
}

export function readEnvironment(): CliEnvironment {
  const { SEAMARK_DATA, SEAMARK_CONFIG, SEAMARK_PAGER, PAGER, PATH, NO_COLOR, TERM } = process.env
  const pager = SEAMARK_PAGER ?? PAGER
  return {
    ...(SEAMARK_DATA !== undefined && SEAMARK_DATA !== '' && { data: SEAMARK_DATA }),
    ...(SEAMARK_CONFIG !== undefined && SEAMARK_CONFIG !== '' && { config: SEAMARK_CONFIG }),
    ...(PATH !== undefined && { path: PATH }),
    noColor: (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb',
    ...(pager !== undefined && { pager: pager.trim() }),
    dumb: TERM === 'dumb',
  }
}
