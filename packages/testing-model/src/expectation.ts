import type { RequestView, ToolResult } from './request-view.ts'
import type { Expectation, Texts } from './script.ts'

export const textsOf = (texts: Texts | undefined): readonly string[] =>
  texts === undefined ? [] : typeof texts === 'string' ? [texts] : texts

/** Whether `*` in a pattern can stand for what a text has there. Time is linear in the text for each star. */
export function matches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const tail = rest.pop() ?? ''
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false
  const end = text.length - tail.length
  let at = head.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

const quoted = (text: string): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text)

function isLike(result: ToolResult, wanted: NonNullable<Expectation['result']>): boolean {
  if (wanted.tool !== undefined && result.tool !== wanted.tool) return false
  if (wanted.failed !== undefined && result.failed !== wanted.failed) return false
  return textsOf(wanted.contains).every((text) => result.text.includes(text))
}

/** What of an expectation does not hold, one sentence each. */
export function mismatches(wanted: Expectation, request: RequestView): readonly string[] {
  const missing = (texts: Texts | undefined, among: readonly string[], where: string): string[] =>
    textsOf(texts)
      .filter((text) => !among.some((one) => one.includes(text)))
      .map((text) => `${quoted(text)} is not in ${where}`)
  const { api, model, stream, offersTools, maxTokensAtMost: most, result } = wanted
  const names = request.tools.map(({ name }) => name)
  return [
    ...(api !== undefined && api !== request.api ? [`the API is ${request.api}, not ${api}`] : []),
    ...(model !== undefined && !matches(model, request.model)
      ? [`the model is ${quoted(request.model)}, not ${quoted(model)}`]
      : []),
    ...(stream !== undefined && stream !== request.stream
      ? [request.stream ? 'it asks for a stream' : 'it asks for no stream']
      : []),
    ...missing(wanted.contains, request.newTexts, 'what is new'),
    ...missing(wanted.anywhere, request.texts, 'the messages'),
    ...missing(wanted.system, [request.system], 'the system prompt'),
    ...textsOf(wanted.tools)
      .filter((tool) => !names.includes(tool))
      .map((tool) => `the tool ${tool} is not offered`),
    ...(offersTools !== undefined && offersTools !== names.length > 0
      ? [offersTools ? 'it offers no tool' : 'it offers tools']
      : []),
    ...(result !== undefined && !request.results.some((one) => isLike(one, result))
      ? [`no new result of a tool is like ${quoted(JSON.stringify(result))}`]
      : []),
    ...(most !== undefined && (request.maxTokens === undefined || request.maxTokens > most)
      ? [`it allows more than ${most} tokens`]
      : []),
  ]
}
