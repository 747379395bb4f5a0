import { readFile } from 'node:fs/promises'
import { fromSystemError, SeamError } from '@seamark/kit'
import { httpEndpoint } from './http-endpoint.ts'
import { CONVERSATION_NAME } from './limits.ts'
import { modelService } from './model-service.ts'
import type { ModelCall } from './model-service.ts'
import { checkScript, parseScript } from './parse-script.ts'
import { problemsError } from './problem.ts'
import type { ModelProblem } from './problem.ts'
import type { ModelScript } from './script.ts'

export interface StartModelServerOptions {
  /** A script, or the path of a file that holds one as YAML or JSON. */
  readonly script: ModelScript | string
  /** Default a free port. */
  readonly port?: number
  /** The clock of the headers that say when a limit is reset, epoch milliseconds. Default the machine's. */
  readonly now?: () => number
}

/** A scripted model on loopback. */
export interface ModelServer {
  /** The base URL of the default conversation, for Anthropic's clients. OpenAI's clients take it with `/v1` behind it. */
  readonly url: string
  /** The base URL of a conversation. Errors: `INVALID_INPUT` for what is no name. */
  conversation(name: string): string
  /** Every request since the start, in order. */
  readonly calls: readonly ModelCall[]
  /** What was wrong so far. */
  problems(): readonly ModelProblem[]
  /** The same, and forgets it: for a test that makes wrong requests on purpose. */
  takeProblems(): readonly ModelProblem[]
  /**
   * Stops listening and cuts every connection. Then it fails where a request was wrong or a turn was not used.
   * Once closed it does nothing any more. Errors: `INVALID_INPUT` for a wrong request, `CONFLICT` for one that is not what the script
   * expects and for unused turns, each with all problems.
   */
  close(options?: {
    /** False stops the server whatever it saw. Default true. */
    readonly check?: boolean
    /** False where turns may be left. Default true. */
    readonly unused?: boolean
  }): Promise<void>
}

/**
 * Reads a script from a file.
 *
 * Errors: `NOT_FOUND` and `FORBIDDEN` of the file, otherwise those of `parseScript`.
 */
export async function readScript(path: string): Promise<ModelScript> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw fromSystemError(error, `Reading the script ${path}`)
  }
  try {
    return parseScript(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new SeamError('INVALID_INPUT', `The script ${path} is not UTF-8.`, { cause: error })
  }
}

/**
 * Starts a server that answers as a script says, in the APIs of Anthropic (Messages) and OpenAI (Responses, Chat
 * Completions).
 *
 * Errors: `INVALID_INPUT` with everything that is wrong with the script, those of `readScript`, and `CONFLICT` where the
 * port is in use.
 */
export async function startModelServer(options: StartModelServerOptions): Promise<ModelServer> {
  const { script, port = 0, now = Date.now } = options
  const service = modelService(typeof script === 'string' ? await readScript(script) : checkScript(script), now)
  const endpoint = await httpEndpoint((request) => service.handle(request), port)
  let closed: Promise<void> | undefined
  return {
    url: endpoint.url,
    conversation(name) {
      if (CONVERSATION_NAME.test(name)) return `${endpoint.url}/c/${name}`
      throw new SeamError('INVALID_INPUT', 'The name of a conversation is 1 to 64 letters, digits, ".", "_" and "-".')
    },
    calls: service.calls,
    problems: () => [...service.problems],
    takeProblems: () => service.takeProblems(),
    async close({ check = true, unused = true } = {}) {
      if (closed !== undefined) return closed
      closed = endpoint.close()
      await closed
      const found = check ? [...service.problems, ...(unused ? service.unused() : [])] : []
      if (found.length > 0) throw problemsError(found)
    },
  }
}
