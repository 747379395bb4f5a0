import { LIMITS } from '@seamark/log'
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json'
import type { KindReader, NameTeller } from './reader.ts'
import { KIND_LIMITS, Unreadable } from './reader.ts'
import { sarifRun } from './sarif-run.ts'
import type { Finding } from './sarif-run.ts'

// The root, its runs, a run, and its results or its tool: each entry of these is looked at by itself.
const DEPTH_OF_ENTRIES = 4

/** SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. One result at a time is in memory. */
export function sarifReader(told: NameTeller): KindReader {
  const sums = { errors: 0, warnings: 0, notes: 0, suppressed: 0 }
  const findings: Finding[] = []
  let run = sarifRun(told)
  let runIndex: unknown
  let version: string | undefined
  let runs = false

  function endRun(): void {
    const ended = run.end()
    for (const what of ['errors', 'warnings', 'notes', 'suppressed'] as const) sums[what] += ended[what]
    findings.push(...ended.findings.slice(0, LIMITS.summaryNames - findings.length))
    run = sarifRun(told)
  }

  const onError = (error: Error) => {
    throw error instanceof Unreadable ? error : new Unreadable('invalid', 'is no well-formed JSON')
  }
  const paths = ['$.runs.*.tool.driver', '$.runs.*.tool.extensions.*', '$.runs.*.results.*']
  const values = new TokenParser({ paths, keepStack: false })
  values.onError = onError
  values.onValue = ({ value, key: entry, stack }) => {
    const index = stack[2]?.key
    if (runIndex !== undefined && runIndex !== index) endRun()
    runIndex = index
    const list = stack.at(-1)?.key
    if (list === 'results') run.result(value)
    else if (list === 'extensions') run.extension(value, Number(entry))
    else run.driver(value)
  }

  let depth = 0
  let tokensOfEntry = 0
  let key: string | undefined
  let last: TokenType | undefined
  const tokens = new Tokenizer({ stringBufferSize: 65_536, numberBufferSize: 65_536 })
  tokens.onError = onError
  tokens.onToken = (parsed) => {
    const { token } = parsed
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) {
      if (++depth > KIND_LIMITS.depth)
        throw new Unreadable('limit', `has more than ${KIND_LIMITS.depth} lists and objects inside each other`)
      if (depth === 2 && key === 'runs' && token === TokenType.LEFT_BRACKET) runs = true
    } else if (typeof parsed.value === 'string' && parsed.value.length > KIND_LIMITS.textCharacters)
      throw new Unreadable('limit', `has a text of more than ${KIND_LIMITS.textCharacters} characters`)
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth--
    else if (depth === 1 && token === TokenType.STRING && typeof parsed.value === 'string') {
      if (last !== TokenType.COLON) key = parsed.value
      else if (key === 'version') version = parsed.value
    }
    last = token
    tokensOfEntry = depth <= DEPTH_OF_ENTRIES ? 0 : tokensOfEntry + 1
    if (tokensOfEntry > KIND_LIMITS.valuesPerEntry)
      throw new Unreadable('limit', `has a result of more than ${KIND_LIMITS.valuesPerEntry} tokens`)
    values.write(parsed)
  }

  return {
    write: (text) => tokens.write(text),
    end() {
      if (!tokens.isEnded) tokens.end()
      if (!values.isEnded) throw new Unreadable('invalid', 'is no well-formed JSON')
      if (!runs || version?.startsWith('2.1.') !== true)
        throw new Unreadable('invalid', 'is no SARIF 2.1.0: it has no version 2.1.0 with runs')
      endRun()
      return { kind: 'sarif', ...sums, findings }
    },
  }
}
