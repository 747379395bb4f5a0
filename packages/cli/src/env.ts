/** What the command takes from its environment; nothing else reads it. */
export interface CliEnvironment {
  /** `SEAMARK_DATA`: the data folder. */
  readonly data?: string
  /** `NO_COLOR` (no-color.org), or a terminal that has none. */
  readonly noColor: boolean
}

export function readEnvironment(): CliEnvironment {
  const { SEAMARK_DATA, NO_COLOR, TERM } = process.env
  return {
    ...(SEAMARK_DATA !== undefined && SEAMARK_DATA !== '' && { data: SEAMARK_DATA }),
    noColor: (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb',
  }
}
