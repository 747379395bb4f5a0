import type { Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { ModelApiName } from './script.ts'

/** What is checked of each request, by name. */
export const MODEL_CHECKS = {
  path: 'the path and method are of an API, or ignored by the script',
  credentials: 'there is a key, and the script lets it in',
  version: '`anthropic-version` is there and is a version that exists',
  'content-type': 'the body is said to be JSON',
  size: 'the body has at most 32 MiB',
  json: 'the body is JSON in UTF-8, with whole characters, not nested too deep',
  shape: 'every member that is needed is there, and of its type',
  'unknown-member': 'the Messages API has each member of the body',
  model: 'the model is one of the script’s',
  content: 'no block is where the version of the Messages API does not take it',
  alternation: 'messages alternate between user and assistant, and the user begins',
  'tool-result': 'every call of a tool has its result, where the API wants it, and every result its call',
  'tool-definition':
    'tools have names that are allowed and different, and a schema; the tool that is chosen is among them',
  text: 'no text is empty where the API refuses that',
  thinking: 'blocks of thinking come back as they were sent, and their budget is below `max_tokens`',
  limits: 'the most tokens of the answer are in the API’s range',
  options: 'options do not contradict each other',
  'previous-response': '`previous_response_id` names a response of this server that was stored',
  conversation: 'the script has the conversation',
  expectation: 'the request is what the turn expects',
  'tool-offered': 'the tools that the turn calls are offered',
  turns: 'there is a turn left for the request',
  unused: 'every turn was used when the server closes',
  internal: 'the server answered without a defect of its own',
} as const

export type ModelCheck = keyof typeof MODEL_CHECKS

/** What was wrong with a request, or with how the conversation went. */
export interface ModelProblem {
  readonly check: ModelCheck
  /** In the API's own words where it has some. Never holds a key. */
  readonly message: string
  /** The conversation's name. */
  readonly conversation: string
  /** The number of the request on this server, from 1. None for `unused`. */
  readonly request?: number
  readonly api?: ModelApiName
  /** JSON pointer into the body. */
  readonly pointer?: string
}

const CONTRADICTS: ReadonlySet<ModelCheck> = new Set(['expectation', 'turns', 'unused', 'tool-offered'])

function problemOf({ check, message, conversation, request, pointer }: ModelProblem): Problem {
  const where = request === undefined ? conversation : `${conversation}, request ${request}`
  return {
    code: check === 'internal' ? 'INTERNAL' : CONTRADICTS.has(check) ? 'CONFLICT' : 'INVALID_INPUT',
    message: `${where}: ${check}: ${message}`,
    ...(pointer !== undefined && { place: { pointer } }),
  }
}

/** The error with which a server closes that saw problems. Its code is that of the first. */
export function problemsError(all: readonly ModelProblem[]): SeamError {
  const problems = all.map(problemOf)
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new SeamError(first?.code ?? 'INTERNAL', `${first?.message ?? ''}${more}`, { problems })
}
