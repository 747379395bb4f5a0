import { meant, SeamError } from '@seamark/kit'

export const FORMATS = ['table', 'json', 'yaml'] as const

/** How a command tells what it found: for people, or as documents. */
export type OutputFormat = (typeof FORMATS)[number]

/** The format that `--output` and `--json` ask for. Errors: `INVALID_INPUT` for another one, or for two. */
export function outputFormat(
  command: string,
  { output, json }: { readonly output?: string | undefined; readonly json?: boolean | undefined },
): OutputFormat {
  if (output === undefined) return json === true ? 'json' : 'table'
  const format = FORMATS.find((known) => known === output)
  if (format === undefined) {
    const guess = meant(output, FORMATS)
    throw new SeamError('INVALID_INPUT', `There is no output format ${JSON.stringify(output.slice(0, 40))}.`, {
      remedy: guess === undefined ? 'Use table, json or yaml.' : `Did you mean --output ${guess}?`,
    })
  }
  if (json === true && format !== 'json')
    throw new SeamError('INVALID_INPUT', `--json and --output ${format} are two formats.`, {
      remedy: `See seamark ${command} --help.`,
    })
  return format
}

/** Whether errors of a command line are told as documents too, known before it is parsed. */
export function wantsDocuments(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const options = end === -1 ? argv : argv.slice(0, end)
  return options.some(
    (arg, at) =>
      arg === '--json' || /^--output=(?:json|yaml)$/.test(arg) || (arg === '--output' && isDocument(options[at + 1])),
  )
}

function isDocument(format: string | undefined): boolean {
  return format === 'json' || format === 'yaml'
}
